"""Writing LLVM vector functions: one small builder for lanes, masks, splats and fused multiply-adds."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
VOID = ir.VoidType()


class Element:
    """The element type of a module and its vectors of 64 bytes.

    A vector always has 64 bytes, whatever the CPU: LLVM splits it where registers are narrower, and lane
    i of every result is the same chain of operations everywhere.
    """

    def __init__(self, dtype: str, lanes: int | None = None) -> None:
        self.dtype = dtype
        self.scalar = ir.FloatType() if dtype == "float32" else ir.DoubleType()
        self.size = 4 if dtype == "float32" else 8
        # Fewer lanes where a kernel works value by value and its rows are short.
        self.lanes = lanes or 64 // self.size
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.pointer = self.scalar.as_pointer()
        self.suffix = f"v{self.lanes}f{8 * self.size}"

    def zero(self) -> Any:
        return ir.Constant(self.vector, None)


class Function:
    """An LLVM function under construction, with the vector operations that kernels need."""

    def __init__(
        self, module: ir.Module, element: Element, name: str, parameters: list[Any], *, internal: bool
    ) -> None:
        self.module = module
        self.element = element
        self.ir = ir.Function(module, ir.FunctionType(VOID, parameters), name)
        if internal:
            self.ir.linkage = "internal"
            # Inlined into the switch of its caller, a tile would lose the registers it was cut for.
            self.ir.attributes.add("noinline")
        self.builder = ir.IRBuilder(self.ir.append_basic_block("entry"))

    def block(self, name: str) -> Any:
        return self.ir.append_basic_block(name)

    def go_to(self, block: Any) -> None:
        self.builder.position_at_end(block)

    def at(self, pointer: Any, offset: Any) -> Any:
        return self.builder.gep(pointer, [offset if not isinstance(offset, int) else I64(offset)])

    def after_bytes(self, pointer: Any, step: Any, times: int) -> Any:
        """Return the pointer ``times`` steps of so many bytes further."""
        if times == 0:
            return pointer
        octets = self.builder.bitcast(pointer, ir.IntType(8).as_pointer())
        place = self.builder.gep(octets, [self.builder.mul(step, I64(times))])
        return self.builder.bitcast(place, pointer.type)

    def hidden(self, value: Any) -> Any:
        """Return the value through an empty line of assembly: LLVM no longer knows what it is made of."""
        same = ir.FunctionType(value.type, [value.type])
        return self.builder.asm(same, "", "=r,0", [value], side_effect=False)

    def splat(self, value: Any) -> Any:
        kind = ir.VectorType(value.type, self.element.lanes)
        undefined = ir.Constant(kind, ir.Undefined)
        first = self.builder.insert_element(undefined, value, I32(0))
        # Spelled as one word: the text of a module is parsed again, and is mostly splats.
        zeros = ir.Constant(ir.VectorType(I32, self.element.lanes), None)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def constant(self, value: float) -> Any:
        """Return a vector of one value."""
        return ir.Constant(self.element.vector, [self.element.scalar(value)] * self.element.lanes)

    def first_lanes(self, count: Any) -> Any:
        """Return the mask of the first ``count`` lanes; all of them where ``count`` is larger."""
        lanes = self.element.lanes
        numbers = ir.Constant(ir.VectorType(I64, lanes), [I64(lane) for lane in range(lanes)])
        return self.builder.icmp_signed("<", numbers, self.splat(count))

    def leading_lanes(self, count: int) -> Any:
        """Return the constant mask of the first ``count`` lanes; None, which is no mask, if these are all."""
        lanes = self.element.lanes
        if count >= lanes:
            return None
        return ir.Constant(ir.VectorType(I1, lanes), [I1(int(lane < count)) for lane in range(lanes)])

    def load_repeated(self, pointer: Any, count: int) -> Any:
        """Return ``count`` values from ``pointer`` on, repeated over all lanes."""
        if count == 1:
            return self.splat(self.builder.load(pointer))
        few = self.load_few(pointer, count)
        return self.shuffle(few, few, [lane % count for lane in range(self.element.lanes)])

    def load_few(self, pointer: Any, count: int) -> Any:
        """Return a short vector of the ``count`` values from ``pointer`` on."""
        kind = ir.VectorType(self.element.scalar, count)
        few = self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()))
        few.align = self.element.size
        return few

    def store_few(self, few: Any, pointer: Any) -> None:
        """Write a short vector."""
        place = self.builder.bitcast(pointer, few.type.as_pointer())
        self.builder.store(few, place).align = self.element.size

    def shuffle(self, first: Any, second: Any, order: list[int]) -> Any:
        """Return the values of both vectors, one behind the other, in another order."""
        kind = ir.VectorType(I32, len(order))
        return self.builder.shuffle_vector(first, second, ir.Constant(kind, [I32(i) for i in order]))

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """Return a vector from memory of any alignment; lanes outside the mask are 0, and not read."""
        place = self.builder.bitcast(pointer, self.element.vector.as_pointer())
        if mask is None:
            value = self.builder.load(place)
            value.align = self.element.size
            return value
        masked = self._intrinsic(
            f"masked.load.{self.element.suffix}.p0",
            self.element.vector,
            [
                place.type,
                I32,
                mask.type,
                self.element.vector,
            ],
        )
        return self.builder.call(masked, [place, I32(self.element.size), mask, self.element.zero()])

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Write a vector to memory of any alignment; lanes outside the mask are not touched."""
        place = self.builder.bitcast(pointer, self.element.vector.as_pointer())
        if mask is None:
            self.builder.store(value, place).align = self.element.size
            return
        masked = self._intrinsic(
            f"masked.store.{self.element.suffix}.p0",
            VOID,
            [
                value.type,
                place.type,
                I32,
                mask.type,
            ],
        )
        self.builder.call(masked, [value, place, I32(self.element.size), mask])

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        vector = self.element.vector
        return self.builder.call(
            self._intrinsic(f"fma.{self.element.suffix}", vector, [vector] * 3), [a, b, c]
        )

    def at_least(self, value: Any, floor: Any) -> Any:
        """Return ``floor`` where ``value < floor`` and ``value`` elsewhere, so that NaN passes through."""
        below = self.builder.fcmp_ordered("<", value, floor)
        return self.builder.select(below, floor, value)

    def loop(
        self, name: str, count: Any, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Emit ``for i in range(count)`` with loop-carried values; return their values after it."""
        before = self.builder.block
        inside, after = self.block(name), self.block(name + "_end")
        self.builder.cbranch(self.builder.icmp_signed(">", count, I64(0)), inside, after)
        self.go_to(inside)
        index = self.builder.phi(I64)
        index.add_incoming(I64(0), before)
        values = []
        for start in carried:
            value = self.builder.phi(start.type)
            value.add_incoming(start, before)
            values.append(value)
        results = body(index, values)
        following = self.builder.add(index, I64(1))
        last = self.builder.block
        index.add_incoming(following, last)
        for value, result in zip(values, results, strict=True):
            value.add_incoming(result, last)
        self.builder.cbranch(self.builder.icmp_signed("<", following, count), inside, after)
        self.go_to(after)
        merged = []
        for start, result in zip(carried, results, strict=True):
            value = self.builder.phi(start.type)
            value.add_incoming(start, before)
            value.add_incoming(result, last)
            merged.append(value)
        return merged

    def repeat(
        self, name: str, count: int, carried: list[Any], body: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Emit ``body`` ``count`` times: as a loop, or in a line where there is nothing to repeat."""
        if count == 0:
            return carried
        return body(I64(0), carried) if count == 1 else self.loop(name, I64(count), carried, body)

    def finish(self) -> None:
        self.builder.ret_void()

    def _intrinsic(self, name: str, result: Any, parameters: list[Any]) -> Any:
        return declare(self.module, f"llvm.{name}", result, parameters)


def declare(module: ir.Module, name: str, result: Any, parameters: list[Any]) -> Any:
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(result, parameters), name)

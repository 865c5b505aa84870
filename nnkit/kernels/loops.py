"""What a kernel tells LLVM about its loops, so that machine code fills the processor."""

from typing import Any

from nnkit.jit import Intrinsic


def _build_beyond() -> Any:
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array, populate_array

    @intrinsic
    def beyond(context, array, start):
        def code(cx, builder, signature, args):
            source = make_array(array)(cx, builder, args[0])
            target = make_array(array)(cx, builder)
            populate_array(
                target,
                data=builder.gep(source.data, [args[1]]),
                shape=cgutils.pack_array(builder, [builder.sub(source.nitems, args[1])]),
                strides=cgutils.pack_array(builder, [source.itemsize]),
                itemsize=source.itemsize,
                meminfo=None,
            )
            return target._getvalue()

        return array(array, types.int64), code

    return beyond


def _beyond_twin(array, start):
    """Return a contiguous vector from an index on: a loop that starts elsewhere than at 0 stays scalar."""
    return array[start:]


beyond = Intrinsic(_build_beyond, _beyond_twin)


# Four vectors at a time: the chains of elementary functions are so long that a processor cannot see the next
# turn of the loop from where it waits.
_VECTORS_AT_A_TIME = 4


def _build_interleaved() -> Any:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    def mark(branch: Any, module: Any) -> None:
        count = module.add_metadata(
            [ir.MetaDataString(module, "llvm.loop.interleave.count"), ir.IntType(32)(_VECTORS_AT_A_TIME)]
        )
        loop = ir.MDValue(module, [count], name=str(len(module.metadata)))
        loop.operands = (loop, count)  # LLVM knows the record of a loop by its pointing to itself
        branch.set_metadata("llvm.loop", loop)

    @intrinsic
    def interleaved(context):
        def code(cx, builder, signature, args):
            passed = set()
            for block in builder.function.blocks:
                passed.add(block)
                last = block.terminator
                if isinstance(last, ir.Branch) and last.operands[0] in passed:
                    mark(last, builder.module)
            return cx.get_dummy_value()

        return types.void(), code

    return interleaved


def _interleaved_twin():
    """Stand behind a loop over elements: machine code then works on several vectors of it at a time."""


interleaved = Intrinsic(_build_interleaved, _interleaved_twin)

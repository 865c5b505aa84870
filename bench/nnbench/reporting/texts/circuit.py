"""The words of a computational graph, in English and Korean."""

from collections.abc import Mapping

from nnbench.records.claims import Language

_HOW_TO_READ = (
    (
        "Forward, every gate computes its value. Backward, the gradient of the result by itself is 1; every"
        " gate multiplies what reaches it (its own global gradient) by its local gradient and passes the"
        " product to what it reads. Where several wires leave a node, their gradients add up."
    ),
    (
        "순전파에서 각 게이트는 자신의 값을 계산한다. 역전파에서 결과를 자기 자신으로 미분한 값은 1이다."
        " 각 게이트는 자신에게 도착한 global gradient에 local gradient를 곱해 입력으로 넘긴다. 한 노드에서"
        " 여러 선이 나가면 그 gradient들을 더한다."
    ),
)
_SIGMOID = (
    (
        "The gates from {first} to {last} are a sigmoid, and may be one gate. Its value σ is {value}, its"
        " local gradient (1 − σ)σ = {local}, and what it passes on is {gradient}: what the gates give one"
        " by one."
    ),
    (
        "{first}부터 {last}까지의 게이트는 sigmoid이므로 하나의 sigmoid 게이트로 합칠 수 있다."
        " 값 σ는 {value}, local gradient는 (1 − σ)σ = {local}, 넘기는 gradient는 {gradient}이고,"
        " 게이트를 하나씩 거친 결과와 같다."
    ),
)
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("The computational graph", "계산 그래프"),
    "gates": ("Gate by gate", "게이트별로"),
    "node": ("#", "#"),
    "gate": ("node", "노드"),
    "reads": ("reads", "입력"),
    "value": ("value", "값"),
    "local": ("local gradient", "local gradient"),
    "gradient": ("gradient", "gradient"),
    "global": ("global gradient", "global gradient"),
    "does": ("what it does to the gradient", "gradient를 어떻게 하는가"),
    "distributes": ("add distributes: the same to each", "덧셈은 분배한다: 모두에 같은 값"),
    "swaps": ("multiply swaps: times the other input", "곱셈은 맞바꾼다: 상대 입력을 곱한다"),
    "routes": ("max and min route: all to the one that passes", "max와 min은 골라 보낸다: 통과한 입력에만"),
    "negates": ("turns the sign", "부호를 바꾼다"),
    "scales": ("times its constant", "상수를 곱한다"),
    "": ("times its local gradient", "local gradient를 곱한다"),
    "input": ("input", "입력값"),
    "caption": (
        "Above each node its value (green), below it its gradient (red).",
        "각 노드 위의 초록색은 값, 아래의 빨간색은 gradient이다.",
    ),
    "how_to_read": _HOW_TO_READ,
    "sigmoid": _SIGMOID,
}


def say(word: str, language: Language, **values: object) -> str:
    """Return a text in this language, with values in its places."""
    return _WORDS[word][language == "ko"].format(**values)

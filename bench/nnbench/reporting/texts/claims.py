"""The words of the report of claims, in English and Korean."""

from collections.abc import Mapping

from nnbench.records.claims import Language

_HOW_TO_READ = (
    "Each sentence was turned into something that every seed gives one number of. The mean of these numbers"
    " has an interval, which holds the true value in 95 of 100 such experiments; where one claim has several"
    " quantities that count, all their intervals hold at once. The verdict follows from the interval alone."
    " Supported: all of it is on the claimed side. Refuted: all of it is on the other side, or so close to"
    " nothing that nobody would notice. Cannot tell: it lies on both sides. Holds here, not in size: the"
    " direction is right, and the number that was claimed lies outside of it. A seed decides the initial"
    " weights, the order of the data and the split; the same seeds give the same numbers."
)
_HOW_TO_READ_KO = (
    "각 문장을, 시드마다 숫자 하나가 나오는 실험으로 바꾸었다. 그 숫자들의 평균에는 구간이 있는데, 같은"
    " 실험을 100번 하면 95번은 참값이 그 안에 든다. 한 주장에 판정에 쓰이는 양이 여럿이면 모든 구간이 동시에"
    " 성립한다. 판정은 오직 이 구간에서 나온다. 지지됨: 구간 전체가 주장하는 쪽에 있다. 반박됨: 구간 전체가"
    " 반대쪽에 있거나, 아무도 알아차리지 못할 만큼 0에 가깝다. 판단할 수 없음: 구간이 양쪽에 걸쳐 있다."
    " 방향은 맞지만 크기는 아님: 방향은 맞지만 주장된 숫자는 구간 밖에 있다. 시드는 초기 가중치, 데이터의"
    " 순서와 분할을 정하며, 같은 시드는 같은 숫자를 낸다."
)
_BANDS = (
    "Lines are means over the seeds, bands their 95 % intervals.",
    "선은 시드들의 평균이고, 띠는 95 % 신뢰구간이다.",
)
_DOTS = (
    "Dots are means over the seeds, bars their 95 % intervals; on the shaded side the claim holds.",
    "점은 시드들의 평균, 막대는 95 % 신뢰구간이다. 색칠한 쪽이면 주장이 성립한다.",
)
_MORE = (
    "`nnbench claims {}` shows one of them with its picture; --report claims.html writes all.",
    "`nnbench claims {} --lang ko`는 하나를 그림과 함께 보여 준다. --report claims.html은 전부를 쓴다.",
)
_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("What the lecture notes claim, measured", "강의 노트의 주장을 측정하다"),
    "overview": ("All claims", "모든 주장"),
    "legend": ("How to read this", "읽는 법"),
    "supported": ("supported", "지지됨"),
    "refuted": ("refuted", "반박됨"),
    "cannot_tell": ("cannot tell", "판단할 수 없음"),
    "here_not_in_size": ("holds here, not in size", "방향은 맞지만 크기는 아님"),
    "not_measured": ("not measured", "측정하지 않음"),
    "too_small": ("too small to notice", "눈에 띄지 않을 만큼 작음"),
    "other_side": ("the other way round", "반대 방향"),
    "no_value": ("no value", "값이 없음"),
    "seeds_needed": ("cannot tell; about {} seeds would", "판단할 수 없음; 시드 약 {}개가 필요함"),
    "claims": ("Claims: {}", "주장 {}개"),
    "id": ("id", "번호"),
    "claim": ("claim", "주장"),
    "verdict": ("verdict", "판정"),
    "effect": ("effect [95%]", "효과 [95%]"),
    "n": ("n", "n"),
    "quantity": ("what was measured", "측정한 것"),
    "rule": ("it holds if", "성립 조건"),
    "size": ("claimed", "주장된 크기"),
    "sentence": ("the note says", "노트의 문장"),
    "original": ("the original", "원 논문"),
    "method": ("how it was tested", "검증 방법"),
    "remark": ("remark", "참고"),
    "note": ("note", "노트"),
    "seeds": ("seeds", "시드"),
    "in": ("between {} and {}", "{}에서 {} 사이"),
    "shown": ("shown only", "참고용"),
    "missing": ("data not there: {}", "데이터가 없음: {}"),
    "left_out": ("part of it failed: {}", "일부 실패: {}"),
    "more": _MORE,
    "machine": ("machine", "컴퓨터"),
    "versions": ("versions", "버전"),
    "made": ("report", "보고서"),
    "computed": ("made {}, of {} of computing", "{}에 만듦, 계산 시간 {}"),
    "first_seed": ("The first seed.", "첫 번째 시드."),
    "bands": _BANDS,
    "how_to_read": (_HOW_TO_READ, _HOW_TO_READ_KO),
    "dots": _DOTS,
}


def say(word: str, language: Language, *values: object) -> str:
    """Return a text in this language, with values in its places."""
    text = _WORDS[word][0 if language == "en" else 1]
    return text.format(*values) if values else text

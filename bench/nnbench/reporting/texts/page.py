"""What a page and its script say, where the page is not in English."""

from collections.abc import Mapping

from nnbench.records.claims import Language

WORDS: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "copy": "복사",
        "copy {0}": "{0} 복사",
        "copied {0} row as {1}": "{0}행을 {1} 형식으로 복사함",
        "copied {0} rows as {1}": "{0}행을 {1} 형식으로 복사함",
        "table": "표",
        "filter rows": "행 거르기",
        "filter the rows of {0}": "{0}의 행 거르기",
        "{0} of {1} rows": "{1}행 중 {0}행",
        "{0} more column": "열 {0}개 더",
        "{0} more columns": "열 {0}개 더",
        "fewer columns": "열 줄이기",
        "rows in their first order": "행이 처음 순서대로 있음",
        "sorted by {0}, ascending": "{0}의 오름차순",
        "sorted by {0}, descending": "{0}의 내림차순",
        "colours": "색",
        "as the system": "시스템대로",
        "light": "밝게",
        "dark": "어둡게",
        "show": "보기",
        "lines and bands": "선과 띠",
        "mean and interval": "평균과 구간",
        "lines alone": "선만",
        "linear": "선형",
        "log": "로그",
        "lines": "선",
        "all": "모두",
        "all panels": "모든 그림",
        "zoom in": "확대",
        "zoom out": "원래대로",
        "or drag; arrow keys read values": "또는 끌기, 화살표 키로 값 읽기",
        "{0}. Arrow keys move along the lines and read them, plus and minus zoom, escape ends.": (
            "{0}. 화살표 키로 선을 따라 값을 읽고, 더하기와 빼기로 확대하고 줄이며, Esc로 끝낸다."
        ),
        "no value": "값 없음",
        "nothing is shown": "보이는 것이 없음",
        "and {0} more": "외 {0}개",
        "intervals": "구간",
        "single seeds": "시드 하나하나",
        "seed {0}: {1}": "시드 {0}: {1}",
        "scale": "눈금",
        "arrow keys read values": "화살표 키로 값 읽기",
        "seeds": "시드",
        "log of error": "오차의 로그",
        "as searched": "탐색한 대로",
        "median and quartiles": "중앙값과 사분위수",
        "panels": "그림",
        "apart": "따로",
        "in one": "하나로",
        "all {0}": "{0}개 모두",
        "best and worst": "가장 좋은 것과 나쁜 것",
        "order": "순서",
        "as given": "주어진 대로",
        "best first": "좋은 것부터",
        "brightness": "밝기",
        "over all maps": "모든 그림에서",
        "in each map": "그림마다",
        "the best": "가장 좋음",
        "{0} from the best": "가장 좋은 것과의 차이 {0}",
        "place {0} of {1}": "{1} 중 {0}위",
        "step": "스텝",
        "step {0}": "스텝 {0}",
        "value {0}": "값 {0}",
        "play": "재생",
        "stop": "멈춤",
        "Pick another with a click or enter.": "클릭이나 Enter로 다른 것을 고른다.",
        "Too few cases for a critical difference.": "사례가 적어 임계 차이를 말할 수 없다.",
        "Filled: within the critical difference {0} of {1}.": "채워진 점: {1}의 임계 차이 {0} 안에 있음.",
        "Not told apart from {0}.": "{0}: 구별되지 않음.",
        "Told apart from {0}.": "{0}: 구별됨.",
        # From here on: what only a playground says.
        "Playground: {0}": "놀이터: {0}",
        "The sliders need a script. Without one, the table says how every setting ended.": (
            "슬라이더에는 스크립트가 필요하다. 스크립트가 없으면 표가 각 설정의 결과를 보여 준다."
        ),
        "How every setting ended": "각 설정의 결과",
        "{0} settings, trained on seed {1} alone.": "설정 {0}개를 시드 {1} 하나로 학습했다.",
        "optimizer": "옵티마이저",
        "activation": "활성화 함수",
        "init": "초기화",
        "learning rate": "학습률",
        "epoch": "에폭",
        "Play": "재생",
        "Pause": "멈춤",
        "training": "훈련",
        "validation": "검증",
        "loss": "손실",
        "accuracy": "정확도",
        "training loss": "훈련 손실",
        "validation loss": "검증 손실",
        "training accuracy": "훈련 정확도",
        "validation accuracy": "검증 정확도",
        "status": "상태",
        "finished": "끝남",
        "diverged": "발산",
        "cancelled": "중단",
        "The first {0} of {1} units are shown.": "유닛 {1}개 중 처음 {0}개를 보여 준다.",
        "last value": "마지막 값",
        "end": "결과",
        "converged": "수렴",
        "at a saddle": "안장점에서 멈춤",
        "in a local minimum": "극소점에서 멈춤",
        "still on its way": "아직 가는 중",
        "value": "값",
        "above": "차이",
        "value above the minimum": "최솟값과의 차이",
        "before any training": "학습 전",
        "diverged in epoch {0}": "에폭 {0}에서 발산",
        "trained for {0} epochs": "에폭 {0}까지 학습",
        "Epoch {0}: {1}. {2}: {3}.": "에폭 {0}: {1}. {2}: {3}.",
        "Step {0}: value {1}. {2}: {3}.": "스텝 {0}: 값 {1}. {2}: {3}.",
        "Gradient descent diverges above a rate of {0}.": "경사 하강법은 학습률이 {0}보다 크면 발산한다.",
        "The landscape ({0}) in bands of equal ratio, its minima,"
        " and the way from the start until this step.": (
            "같은 비율의 띠로 나눈 지형({0})과 그 최소점, 시작점에서 이 스텝까지의 길."
        ),
        "The class that the net gives every point, deeper where it is more certain."
        " Dots were trained on, rings validate.": (
            "신경망이 각 점에 주는 클래스. 확신할수록 진하다. 작은 점은 훈련, 고리는 검증 데이터이다."
        ),
        "The value that the net gives every point, from the least target to the largest."
        " Dots were trained on, rings validate.": (
            "신경망이 각 점에 주는 값, 가장 작은 목표부터 가장 큰 목표까지."
            " 작은 점은 훈련, 고리는 검증 데이터이다."
        ),
        "The weights of the first layer, each frame from its largest downwards (blue) to its largest"
        " upwards (orange).": ("첫 층의 가중치. 장면마다 가장 큰 음수(파랑)부터 가장 큰 양수(주황)까지."),
    }
}


def phrase(text: str, language: Language, *values: object) -> str:
    """Return a text of a page in this language, with values in its places."""
    return WORDS.get(language, {}).get(text, text).format(*values)

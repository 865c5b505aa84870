"""What the script of a page says, where the page is not in English."""

from collections.abc import Mapping

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
    }
}

"""How well forms are read back from paper: a simulated office, damage by damage.

    uv run --no-sync python -m benchmarks.scanning [--forms 2000] [--jobs 2] [--only stained]

Every form, one of those that there are in one of their languages or pairs of languages, is
filled in at random by a pen, and its pages are damaged in one way (`tests/forms/office.py`);
what was meant is known. Told are, for each kind of damage: answers
that were read as yes and were not meant so, boxes read as signed that nobody signed, a yes
that was read as no, how many answers and boxes go to a person without being scribbled over,
and how many forms go through without any such doubt. A sheet that cannot be read at all goes
to a person as a whole.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from forms.form_reading import Answer, PageReading, join_pages, read_page
from forms.ink import Seen
from forms.scans import Scan
from forms.variants import VARIANTS
from forms.wording import FORM_LANGUAGES
from tests.forms.office import DAMAGES, fill

_COUNTED = (
    *("forms", "pages", "answers", "false_yes", "false_no", "to_look_at", "boxes", "false_signed"),
    *("missed_writing", "boxes_to_look_at", "unread_pages", "clean_forms", "elsewhere", "seconds"),
)


def judged(task: tuple[str, int]) -> tuple[str, collections.Counter[str], list[str]]:
    """One form filled in, damaged, read and compared with what was meant."""
    damage, seed = task
    chance = random.Random(f"{damage} {seed}")
    language, variant = chance.choice(FORM_LANGUAGES), chance.choice(list(VARIANTS))
    meant, pages = fill(language, chance, variant)
    counted: collections.Counter[str] = collections.Counter(dict.fromkeys(_COUNTED, 0))
    counted["forms"], counted["pages"] = 1, len(pages)
    wrong: list[str] = []
    read = []
    for number, page in enumerate(pages, start=1):
        scan = DAMAGES[damage](page, chance).convert("L")
        began = time.perf_counter()
        found = read_page(Scan(Path("sheet"), number, "", np.asarray(scan)))
        counted["seconds"] += time.perf_counter() - began  # type: ignore[assignment]
        if isinstance(found, PageReading) and found.flat is not None:
            read.append(found)
            counted["elsewhere"] += bool(found.elsewhere)
        else:
            counted["unread_pages"] += 1
    doubts = len(pages) - len(read)
    for form in join_pages(read):
        for name, reading in form.answers.items():
            said, truth = reading.answer, meant.answers[name]
            counted["answers"] += 1
            # What was scribbled over must go to a person: that is no failure.
            doubtful = said is Answer.DOUBTFUL and name not in meant.corrected
            counted["to_look_at"] += doubtful
            doubts += doubtful
            if said is Answer.YES and truth != "yes":
                counted["false_yes"] += 1
                wrong.append(f"{damage} {seed} {name}: yes, meant {truth}")
            if truth == "yes" and said in (Answer.NO, Answer.NEITHER):
                counted["false_no"] += 1
                wrong.append(f"{damage} {seed} {name}: {said}, meant yes")
        for name, writing in form.writings.items():
            seen, written = writing.sight.seen, name in meant.written
            counted["boxes"] += 1
            counted["boxes_to_look_at"] += seen is Seen.DOUBTFUL
            doubts += seen is Seen.DOUBTFUL
            if seen is Seen.MARKED and not written:
                counted["false_signed"] += 1
                wrong.append(f"{damage} {seed} {name}: written, meant empty")
            if seen is Seen.EMPTY and written:
                counted["missed_writing"] += 1
                wrong.append(f"{damage} {seed} {name}: empty, meant written")
    counted["clean_forms"] += not doubts
    return damage, counted, wrong


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", choices=DAMAGES, action="append")
    parser.add_argument("--wrong", action="store_true", help="list what was read wrongly")
    chosen = parser.parse_args()
    damages = chosen.only or list(DAMAGES)
    tasks = [(damages[number % len(damages)], number) for number in range(chosen.forms)]
    totals: dict[str, collections.Counter[str]] = {}
    with ProcessPoolExecutor(chosen.jobs) as workers:
        for damage, counted, wrong in workers.map(judged, tasks, chunksize=4):
            totals.setdefault(damage, collections.Counter()).update(counted)
            for line in wrong * chosen.wrong:
                print(line, flush=True)
    print(
        "| damage | forms | answers | false yes | yes read as no | to a person | boxes "
        "| empty read as written | written read as empty | to a person | pages not read "
        "| forms without doubt | ink elsewhere, pages | seconds a page |"
    )
    print("|---" * 14 + "|")
    whole: collections.Counter[str] = collections.Counter()
    for damage in damages:
        print(_row(damage, totals.get(damage, collections.Counter())))
        whole.update(totals.get(damage, collections.Counter()))
    print(_row("**all**", whole))


def _row(name: str, told: collections.Counter[str]) -> str:
    forms, answers, boxes = (max(1, told[key]) for key in ("forms", "answers", "boxes"))
    cells = (
        *(name.replace("_", " "), told["forms"], told["answers"], told["false_yes"]),
        *(told["false_no"], f"{told['to_look_at'] / answers:.2%}", told["boxes"]),
        *(told["false_signed"], told["missed_writing"]),
        *(f"{told['boxes_to_look_at'] / boxes:.2%}", told["unread_pages"]),
        *(f"{told['clean_forms'] / forms:.0%}", told["elsewhere"]),
        f"{told['seconds'] / max(1, told['pages']):.2f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()

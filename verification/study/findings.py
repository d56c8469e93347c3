"""What the study found, in plain words: every sentence is made from the numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from verification.measures import Point, gain
from verification.parts import Role
from verification.report.curves import Panel, Setting, Spread
from verification.report.words import counted, listed
from verification.study.paired import (
    apart,
    at_setting,
    called,
    coin,
    described,
    ends_of,
    gap,
    published,
    success,
    within,
)
from verification.study.results import Study
from verification.study.scatter import agreements
from verification.tradeoff import LEAST, Verdict

_SHOWN = 3  # digits
_LESS, _MORE = "less alone", "more alone"


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sentences under one heading."""

    heading: str
    sentences: tuple[str, ...]


def chapters(study: Study) -> list[Chapter]:
    """All that has something to say."""
    every = [
        Chapter("Where MID wins, ties and loses", tuple(_verdicts(study))),
        Chapter("How often MID is better than a coin", tuple(_coins(study))),
        Chapter("Where a defence makes the attack easier", tuple(_easier(study))),
        Chapter("What asking more than once changes", tuple(_asking(study))),
        Chapter("How much the attack as published understates the risk", tuple(_calibrated(study))),
        Chapter("What the best guess without a model changes", tuple(_no_model(study))),
        Chapter("Does less information mean less harm?", tuple(_information(study))),
        Chapter("Records of the training and others", tuple(_memorised(study))),
    ]
    return [one for one in every if one.sentences]


def short(value: float) -> str:
    """A number to three digits."""
    return f"{value:.{_SHOWN}g}"


def spread(found: Spread) -> str:
    """A difference with its sign, and its interval or what the replicates have."""
    mean, low, high = (f"{end:+.{_SHOWN}f}" for end in (found.mean, found.lower, found.upper))
    return f"{mean} ({between(low, high, interval=found.interval)})"


def between(low: str, high: str, *, interval: bool) -> str:
    """Where a mean lies: a 95% interval where there is one, and else what was seen."""
    if interval:
        return f"95%: {low} to {high}"
    return "a single replicate, or all alike" if low == high else f"least {low}, greatest {high}"


def _verdicts(study: Study) -> Iterable[str]:
    words = (
        (Verdict.DOMINATES, "leaves the attacker less than {}"),
        (_LESS, "leaves less than {} if judged alone, which is not shown among all"),
        (Verdict.TIE, "is not shown to differ from {}"),
        (_MORE, "leaves more than {} if judged alone, which is not shown among all"),
        (Verdict.DOMINATED, "leaves the attacker more than {}"),
        (Verdict.NOT_COMPARABLE, "cannot be compared with {}"),
        (Verdict.TOO_FEW, "was played too few times against {}"),
    )
    for played in study.played:
        rivals: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in study.verdicts_of(played):
            rivals[row["panel"], row["defence"]][_alone(row)].append(called(row["rival"]))
        for (panel, defence), found in rivals.items():
            said = [text.format(listed(found[key])) for key, text in words if key in found]
            if said:
                yield f"{panel}: {called(defence)} {'; '.join(said)}."


def _alone(row: Mapping[str, Any]) -> str:
    """The verdict; of a tie among all comparisons, what its own interval would say."""
    ends = row.get("difference", {})
    if row["verdict"] == Verdict.TIE and ends.get("lower") is not None:
        if ends["upper"] < 0:
            return _LESS
        if ends["lower"] > 0:
            return _MORE
    return str(row["verdict"])


def _easier(study: Study) -> Iterable[str]:
    """Settings of defences on which the attack does better than on the undefended model."""
    for panel in (panel for played in study.played for panel in played.panels):
        none = next((one for one in panel.settings if one.role is Role.UNDEFENDED), None)
        said, held = [], 0
        for one in panel.settings if none is not None else ():
            found = None if none is None or one is none else gap(one, none, success)
            held += found is not None and found.spread.interval
            if found is not None and apart(found.spread) > 0:
                said.append(
                    f"{described(one)}: {short(found.first)} in the place of {short(found.second)}, "
                    f"by {spread(found.spread)}"
                )
        if said:
            yield f"{panel.name}, {len(said)} of {held} settings, each judged alone: {'; '.join(said)}."


def _coins(study: Study) -> Iterable[str]:
    """Settings of MID beside the toss of a coin that has their own utility."""
    for played in study.played:
        found = [
            coin(one, ends)
            for panel in played.panels
            if (ends := ends_of(panel)) is not None
            for one in _mids(panel)
        ]
        known = [one for one in found if one is not None and one.interval]
        ways = [apart(one) for one in known]
        if known:
            yield (
                f"{played.part.title}: of {counted(len(known), 'setting')} of MID with replicates "
                f"enough that cost no more than a constant answer, {ways.count(-1)} leave the attacker "
                f"less than the coin of the same utility, {ways.count(1)} leave him more, and of "
                f"{ways.count(0)} neither is shown; each judged alone."
            )


_WAY = re.compile(r", (\d+ answers?( to near questions)?|white box)$")


def stem(panel: str) -> str:
    """A panel's name without how the model was asked."""
    return _WAY.sub("", panel)


def _mids(panel: Panel) -> list[Setting]:
    return [one for one in panel.settings if one.role is Role.MID]


def _asking(study: Study) -> Iterable[str]:
    """The same settings, asked once and in other ways."""
    for played in study.played:
        ways: dict[str, list[Panel]] = defaultdict(list)
        for panel in played.panels:
            ways[stem(panel.name)].append(panel)
        for name, several in ways.items():
            yield from _ways(name, several)


def _ways(name: str, several: Sequence[Panel]) -> Iterable[str]:
    once = next((panel for panel in several if panel.name.endswith(", 1 answer")), None)
    for panel in several:
        if once is None or panel is once:
            continue
        plain = {one.name: one for one in _mids(once)}
        said: dict[str, list[str]] = defaultdict(list)
        shared = panel.replicates
        for setting in _mids(panel):
            own = plain.get(setting.name) or plain.get(_without_noise(setting.name))
            found = None if own is None else gap(setting, own, success)
            if found is not None:
                said[setting.defence].append(
                    f"{short(found.second)} becomes {short(found.first)}, difference "
                    f"{spread(found.spread)}, at {at_setting(setting)}"
                )
                shared = min(shared, found.replicates)
        how = panel.name.removeprefix(f"{stem(panel.name)}, ")
        for defence, parts in said.items():
            yield (
                f"{name}, {called(defence)}, {how} in the place of 1 answer"
                f"{'' if shared >= LEAST else f' (only {shared} replicates)'}: success "
                f"{'; '.join(parts)}."
            )


def _without_noise(setting: str) -> str:
    """A setting's name but for the kind of its noise."""
    return ", ".join(part for part in setting.split(", ") if not part.startswith("noise="))


def _calibrated(study: Study) -> Iterable[str]:
    """Success of the attacks as published, beside that of the strongest; in the panels shown."""
    for played in study.played:
        panel = played.shown
        rows = [(one, within(one, _published_gain)) for one in _mids(panel)]
        known = [(one, found) for one, found in rows if found is not None]
        if not known:
            continue
        gains = [found.mean for _, found in known]
        best = [one.gain for one, _ in known]
        yield (
            f"{panel.name}: of what is left above the best guess without a model the attack as "
            f"published gains {_gained(fmean(gains))}, the strongest {short(fmean(best))}, on average "
            f"over {counted(len(known), 'setting')} of MID{_undefended(panel)}."
        )


def _gained(value: float) -> str:
    return f"{short(value)} (it does worse than that guess)" if value < 0 else short(value)


def _undefended(panel: Panel) -> str:
    for one in panel.settings:
        found = within(one, _published_gain)
        if one.role is Role.UNDEFENDED and found is not None:
            return f"; on the undefended model {short(found.mean)} and {short(one.gain)}"
    return ""


def _published_gain(point: Point) -> float | None:
    found = published(point)
    return None if found is None else gain(found, point.base)


def _no_model(study: Study) -> Iterable[str]:
    """Of settings with replicates enough, constants apart."""
    for played in study.played:
        settings = [
            one
            for panel in played.panels
            for one in panel.settings
            if one.role is not Role.CONSTANT
        ]
        excess = [within(one, _excess) for one in settings]
        known = [found for found in excess if found is not None and found.interval]
        naive = [within(one, _published_excess) for one in settings]
        plain = [found for found in naive if found is not None and found.interval]
        if not known:
            continue
        below = sum(apart(found) <= 0 for found in known)
        text = (
            f"{played.part.title}: in {below} of {counted(len(known), 'setting')} with replicates "
            "enough the strongest attack is not shown to do better than the best guess without a "
            "model"
        )
        under = sum(apart(found) < 0 for found in plain)
        more = f"; the attack as published does worse than that guess in {under} of {len(plain)}"
        yield text + (more if plain else "") + "."


def _excess(point: Point) -> float:
    return point.attack.value - point.base


def _published_excess(point: Point) -> float | None:
    found = published(point)
    return None if found is None else found - point.base


def _information(study: Study) -> Iterable[str]:
    every = [one for one in agreements(study) if one.replicates >= LEAST]
    for across, text in (
        (True, "Across defences of different families"),
        (False, "Within one family, whose settings differ by how much noise or price there is"),
    ):
        found = [one for one in every if one.across is across]
        if not found:
            continue
        ways = [one.shown for one in found]
        rise, fall = ways.count(1), ways.count(-1)
        panels = counted(len(found), "panel and kind of reading", "panels and kinds of reading")
        where = listed(dict.fromkeys(one.attack for one in found))
        yield (
            f"{text} (found in {where}; elsewhere they are too few, or their information is infinite "
            f"or read in other ways): of {panels}, settings of less information leave the attacker "
            f"less in {rise} (rank correlation of the settings played shown to be above 0, each judged "
            f"alone; other settings may rank otherwise), more in {fall}, and neither is shown in "
            f"{len(found) - rise - fall}."
        )
    for one in every:
        if one.across:
            yield (
                f"{one.panel} ({one.method}; {listed(one.families)}): "
                f"{counted(one.settings, 'setting')}, rank correlation over pairs of different families "
                f"{spread(one.tau)}."
            )


def _memorised(study: Study) -> Iterable[str]:
    """On training records and others: beyond what the attack does on a constant answer."""
    for played in study.played:
        panel = played.shown
        ends = {one.role: one for one in panel.settings}
        none, constant = ends.get(Role.UNDEFENDED), ends.get(Role.CONSTANT)
        found = None if none is None or constant is None else gap(none, constant, _memory)
        if found is not None:
            yield (
                f"{panel.name}, no defence: success on training records less success on others is "
                f"{spread(found.spread)}, after subtracting the same difference on a constant answer"
                f"{'' if apart(found.spread) else ': no difference is shown'}."
            )


def _memory(point: Point) -> float | None:
    return None if point.train is None else point.train.attack.value - point.attack.value

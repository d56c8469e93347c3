"""What the study found, in plain words: every sentence is made from the numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from verification.measures import Point, gain
from verification.parts import Role
from verification.report.curves import Panel, Setting, Spread
from verification.report.words import counted, listed
from verification.study.paired import apart, at_setting, called, gap, published, success, within
from verification.study.results import Study
from verification.study.scatter import agreements
from verification.tradeoff import LEAST, Verdict

_SHOWN = 3  # digits


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sentences under one heading."""

    heading: str
    sentences: tuple[str, ...]


def chapters(study: Study) -> list[Chapter]:
    """All that has something to say."""
    every = [
        Chapter("Where MID wins, ties and loses", tuple(_verdicts(study))),
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
        (Verdict.TIE, "is not shown to differ from {}"),
        (Verdict.DOMINATED, "leaves the attacker more than {}"),
        (Verdict.NOT_COMPARABLE, "cannot be compared with {}"),
        (Verdict.TOO_FEW, "was played too few times against {}"),
    )
    for played in study.played:
        rivals: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in study.verdicts_of(played):
            rivals[row["panel"], row["defence"]][row["verdict"]].append(called(row["rival"]))
        for (panel, defence), found in rivals.items():
            said = [text.format(listed(found[key])) for key, text in words if key in found]
            if said:
                yield f"{panel}: {called(defence)} {'; '.join(said)}."


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
        for setting in _mids(panel):
            own = plain.get(setting.name) or plain.get(_without_noise(setting.name))
            found = None if own is None else gap(setting, own, success)
            if found is not None:
                said[setting.defence].append(
                    f"{short(found.second)} becomes {short(found.first)}, difference "
                    f"{spread(found.spread)}, at {at_setting(setting)}"
                )
        how = panel.name.removeprefix(f"{stem(panel.name)}, ")
        for defence, parts in said.items():
            yield f"{name}, {called(defence)}, {how} in the place of 1 answer: success {'; '.join(parts)}."


def _without_noise(setting: str) -> str:
    """A setting's name but for the kind of its noise."""
    return ", ".join(part for part in setting.split(", ") if not part.startswith("noise="))


def _calibrated(study: Study) -> Iterable[str]:
    """Success of the attacks as published, beside that of the strongest; in the panels shown."""
    for played in study.played:
        panel = played.shown
        rows = [(one, within(one, published)) for one in _mids(panel)]
        known = [(one, found) for one, found in rows if found is not None]
        if not known:
            continue
        gains = [gain(found.mean, one.base) for one, found in known]
        best = [one.gain for one, _ in known]
        yield (
            f"{panel.name}: of what is left above the best guess without a model the attack as "
            f"published gains {short(fmean(gains))} (below 0: worse than that guess), the strongest "
            f"{short(fmean(best))}, on average over {counted(len(known), 'setting')} of MID"
            f"{_undefended(panel)}."
        )


def _undefended(panel: Panel) -> str:
    for one in panel.settings:
        found = within(one, published)
        if one.role is Role.UNDEFENDED and found is not None:
            naive = gain(found.mean, one.base)
            return f"; on the undefended model {short(naive)} and {short(one.gain)}"
    return ""


def _no_model(study: Study) -> Iterable[str]:
    """Of settings with replicates enough, constants apart."""
    for played in study.played:
        settings = [
            one
            for panel in played.panels
            for one in panel.settings
            if one.role is not Role.CONSTANT
        ]
        excess = [within(one, lambda point: point.attack.value - point.base) for one in settings]
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
        ways = [apart(one.tau) for one in found]
        rise, fall = ways.count(1), ways.count(-1)
        panels = counted(len(found), "panel and kind of reading", "panels and kinds of reading")
        yield (
            f"{text}: of {panels}, settings of less information leave the attacker less in {rise} "
            f"(rank correlation shown to be above 0), more in {fall}, and neither is shown in "
            f"{len(found) - rise - fall}."
        )
    for one in every:
        if one.across:
            yield (
                f"{one.panel} ({one.method}; {listed(one.families)}): "
                f"{counted(one.settings, 'setting')}, rank correlation {spread(one.tau)}."
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
                f"{panel.name}, no defence: on training records the attack succeeds more often than "
                f"on others by {spread(found.spread)}, less the same difference on a constant answer."
            )


def _memory(point: Point) -> float | None:
    return None if point.train is None else point.train.attack.value - point.attack.value

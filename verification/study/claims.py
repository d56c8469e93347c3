"""The claims of the poster and of the paper's figure, and what became of them here: on other data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

import mipriv
from verification.parts import Role
from verification.report.curves import Panel, Setting, Spread
from verification.report.words import listed, percent
from verification.study.findings import short, spread
from verification.study.paired import apart, cost, gap, published, success, within
from verification.study.paper import ANCHORS
from verification.study.results import PARTS, Part, Played, Study, of_role
from verification.study.scatter import agreements
from verification.tradeoff import Verdict

_CHEAP = 0.25  # share of the utility between no defence and a constant that counts as a little
_MUCH = 0.5  # share of the gain whose loss counts as much


class Status(StrEnum):
    """REPRODUCED, PARTLY, NOT: as the rule beside each claim has it.  NOT_JUDGED: too few replicates,
    or nothing was played that tells."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT = "not reproduced"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim.

    Attributes:
        claim: what is claimed, in short.
        source: where.
        rule: when it counts as reproduced.
        status: what came out.
        evidence: its numbers.
    """

    claim: str
    source: str
    rule: str
    status: Status
    evidence: str


def rows(study: Study) -> list[Row]:
    """All claims."""
    played = {one.part.letter: one for one in study.played}
    found = [_bound(), _vanishing()]
    found += [_lowers(part, played.get(part.letter)) for part in PARTS]
    found += [_beats(study, part, played.get(part.letter), "DP") for part in PARTS[:4]]
    found.append(_beats(study, PARTS[1], played.get("b"), "Priority"))
    found.append(_information(study))
    return found


def _bound() -> Row:
    """Computed now, not stored."""
    first = mipriv.bound(epsilon="0.1", n=1)
    many = mipriv.bound(epsilon="0.1", n=10)
    told = [
        f"n = {n}: bound {short(float(one.theorem.upper))}, exact worst case "
        f"{short(float(one.worst_case.upper))}"
        for n, one in ((1, first), (10, many))
    ]
    holds = all(one.worst_case.upper <= one.theorem.upper for one in (first, many))
    tight = many.worst_case.upper == many.theorem.upper
    status = Status.REPRODUCED if holds and tight else Status.PARTLY if holds else Status.NOT
    return Row(
        claim="The loss of an (epsilon, delta)-DP learner is at most the published bound",
        source="poster, theorem",
        rule="it holds and is reached; partly, if it holds and is not reached for n > 1",
        status=status,
        evidence=f"epsilon = 0.1, delta = 0: {'; '.join(told)}.",
    )


def _vanishing() -> Row:
    """Computed now, not stored."""
    sizes = (100, 10_000)
    found = {n: float(mipriv.epsilon(n=n, loss="0.1").lower) for n in sizes}
    products = [n * value for n, value in found.items()]
    same = max(products) / min(products) < 1.01
    text = ", ".join(f"n = {n}: {short(value)}" for n, value in found.items())
    return Row(
        claim="To protect the population epsilon must shrink faster than 1/n",
        source="poster, corollary",
        rule="the epsilon that keeps the loss at 0.1 is a constant over n, so that no slower rate will do",
        status=Status.REPRODUCED if same else Status.NOT,
        evidence=f"Largest epsilon for a loss of 0.1: {text}; n times it: "
        f"{listed(short(one) for one in products)}.",
    )


def _ends(panel: Panel) -> tuple[Setting, Setting] | None:
    """The undefended model and the constant one."""
    free = [next(of_role(panel, role), None) for role in (Role.UNDEFENDED, Role.CONSTANT)]
    return None if free[0] is None or free[1] is None else (free[0], free[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheap:
    """The setting of MID that leaves the attacker least among those that cost little utility.

    Chosen by the selection records, where there are some; the numbers are of others.
    """

    setting: Setting
    share: float
    change: Spread
    lost: float


def cheap(panel: Panel) -> Cheap | None:
    ends = _ends(panel)
    if ends is None:
        return None
    none, constant = ends
    whole = gap(constant, none, cost)
    if whole is None or whole.mean <= 0:
        return None
    found = []
    for one in of_role(panel, Role.MID):
        loss = gap(one, none, cost)
        if loss is not None and loss.mean / whole.mean <= _CHEAP:
            found.append((_choosing(one), loss.mean / whole.mean, one))
    if not found:
        return None
    _, share, best = min(found, key=lambda row: row[0])
    change = gap(best, none, success)
    if change is None:
        return None
    left = none.attack.mean - none.base
    lost = -change.mean / left if left > 0 else 0.0
    return Cheap(setting=best, share=share, change=change, lost=lost)


def _choosing(setting: Setting) -> float:
    """Attack on the selection records, else as reported."""
    found = [point.selected for point in setting.points]
    known = [one[1] for one in found if one is not None]
    return fmean(known) if len(known) == len(found) else setting.attack.mean


def _lowers(part: Part, played: Played | None) -> Row:
    panel = None if played is None else played.shown
    found = None if panel is None else cheap(panel)
    status, evidence = Status.NOT_JUDGED, "Not played."
    if panel is not None and found is None:
        status = Status.NOT
        evidence = f"{panel.name}: no setting of MID costs so little."
    elif panel is not None and found is not None:
        status = _lowered(found)
        evidence = _told(panel, found)
        if len(found.setting.points) < 6:
            status = Status.NOT_JUDGED
    return Row(
        claim=f"{part.title}: MID lowers the attack's success at little cost in utility",
        source=_source(part),
        rule=f"at most {percent(_CHEAP)} of the utility between no defence and a constant lost, at "
        f"least {percent(_MUCH)} of the strongest attack's gain lost; partly, if less of it is",
        status=status,
        evidence=evidence,
    )


def _lowered(found: Cheap) -> Status:
    if apart(found.change) >= 0:
        return Status.NOT
    return Status.REPRODUCED if found.lost >= _MUCH else Status.PARTLY


def _told(panel: Panel, found: Cheap) -> str:
    ends = _ends(panel)
    none = ends[0] if ends is not None else found.setting
    text = (
        f"{panel.name}, {found.setting.defence} {found.setting.name}: success "
        f"{short(none.attack.mean)} without a defence, {short(found.setting.attack.mean)} with it "
        f"(difference {spread(found.change)}; guess without a model {short(none.base)}), at "
        f"{percent(found.share)} of the utility."
    )
    naive = [within(one, published) for one in (none, found.setting)]
    if naive[0] is not None and naive[1] is not None:
        text += f" The attack as published: {short(naive[0].mean)} and {short(naive[1].mean)}."
    return text


def _source(part: Part) -> str:
    for anchor in ANCHORS:
        if anchor.letter == part.letter:
            points = ", ".join(f"{x:g} → {y:g}" for x, y in (anchor.none, *anchor.curves["MID"]))
            return f"paper, Figure 2 ({anchor.utility} → {anchor.attack}): none, MID {points}"
    return "poster, images only"


def _beats(study: Study, part: Part, played: Played | None, rival: str) -> Row:
    compared: list[dict[str, object]] = []
    if played is not None:
        compared = [
            row
            for row in study.verdicts_of(played)
            if str(row["rival"]).partition(",")[0] == rival
            and row["verdict"] in (Verdict.DOMINATES, Verdict.TIE, Verdict.DOMINATED)
        ]
    counts = {
        verdict: [row for row in compared if row["verdict"] == verdict]
        for verdict in (Verdict.DOMINATES, Verdict.TIE, Verdict.DOMINATED)
    }
    won, lost = len(counts[Verdict.DOMINATES]), len(counts[Verdict.DOMINATED])
    status = Status.NOT_JUDGED
    if compared:
        status = Status.NOT if not won else Status.PARTLY
        if won == len(compared):
            status = Status.REPRODUCED
    evidence = "; ".join(
        f"{verdict} in {len(found)} ({listed(_names(found))})"
        for verdict, found in counts.items()
        if found
    )
    return Row(
        claim=f"{part.title}: at the same utility MID leaves the attacker less than {rival}",
        source=_source(part),
        rule=f"MID dominates {rival} in every panel and variant; partly, in some",
        status=status,
        evidence=f"{evidence or 'No comparison was judged'}{'.' if not lost else ': it loses there.'}",
    )


def _names(found: Sequence[dict[str, object]]) -> Iterable[str]:
    return dict.fromkeys(f"{row['panel']}: {row['defence']}" for row in found)


def _information(study: Study) -> Row:
    found = agreements(study)
    ways = [apart(one.tau) for one in found]
    rise, fall = ways.count(1), ways.count(-1)
    judged = found and all(one.tau.lower < one.tau.upper for one in found)
    status = Status.NOT_JUDGED
    if judged and min(_replicates(study)) >= 6:
        status = Status.PARTLY if rise > fall else Status.NOT
        if rise == len(found):
            status = Status.REPRODUCED
    return Row(
        claim="The less information an answer carries of the input, the less an attack succeeds",
        source="poster, the idea of MID; disputed by later work",
        rule="rank correlation above 0 in every panel and kind of reading; partly, in more than below",
        status=status,
        evidence=f"Above 0 in {rise}, below in {fall}, neither shown in {len(found) - rise - fall} "
        f"of {len(found)}.",
    )


def _replicates(study: Study) -> list[int]:
    return [panel.replicates for one in study.played for panel in one.panels]

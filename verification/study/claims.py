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
from verification.study.findings import between, short, stem
from verification.study.paired import (
    called,
    chosen_cost,
    chosen_success,
    cost,
    described,
    ends_of,
    gap,
    published,
    success,
    within,
)
from verification.study.paper import ANCHORS
from verification.study.results import PARTS, Part, Played, Study, of_role
from verification.study.scatter import agreements, family
from verification.tradeoff import LEAST, Verdict

CHEAP = 0.1  # share of the utility between no defence and a constant that counts as a little
_JUDGED = (Verdict.DOMINATES, Verdict.TIE, Verdict.DOMINATED)
_MUCH, _SOME = 0.5, 0.1  # shares of the gain whose loss counts as much, and as some
LOWERS = (
    "MID lowers an attack at little cost: in the panel of the figure, a setting of MID that costs no "
    f"more than {percent(CHEAP)} of the utility between no defence and a constant takes at least "
    f"{percent(_MUCH)} of the strongest attack's gain for certain, and as much wherever the same "
    "model is asked more often or seen from inside, where this setting has to be played too. Partly, "
    f"if it takes at least {percent(_SOME)} for certain where it is asked once; not judged, if no "
    "setting is so cheap."
)


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
    found = [*_bound(), _vanishing()]
    found += [_lowers(part, played.get(part.letter)) for part in PARTS]
    found += [_beats(study, part, played.get(part.letter), "DP") for part in PARTS[:4]]
    found.append(_beats(study, PARTS[1], played.get("b"), "Priority"))
    found.append(_information(study))
    return found


def _bound() -> list[Row]:
    """Computed now, not stored."""
    first = mipriv.bound(epsilon="0.1", n=1)
    many = mipriv.bound(epsilon="0.1", n=10)
    told = "; ".join(
        f"n = {n}: bound {short(float(one.theorem.upper))}, exact worst case "
        f"{short(float(one.worst_case.upper))}"
        for n, one in ((1, first), (10, many))
    )
    holds = all(one.worst_case.upper <= one.theorem.upper for one in (first, many))
    tight = [one.worst_case.upper == one.theorem.upper for one in (first, many)]
    evidence = f"Computed, epsilon = 0.1, delta = 0: {told}."
    reached = Status.REPRODUCED if all(tight) else Status.PARTLY if any(tight) else Status.NOT
    return [
        Row(
            claim="The loss of an (epsilon, delta)-DP learner is at most the published bound",
            source="poster, theorem",
            rule="no learner exceeds it: computed for one epsilon and two numbers of records; proofs "
            "of the whole are the package's",
            status=Status.REPRODUCED if holds else Status.NOT,
            evidence=evidence,
        ),
        Row(
            claim="The published bound is reached: no smaller one holds",
            source="poster, remark",
            rule="some learner reaches it; partly, if only for one training record",
            status=reached,
            evidence=evidence,
        ),
    ]


def _vanishing() -> Row:
    """Computed now, not stored."""
    sizes = (100, 10_000)
    found = {n: float(mipriv.epsilon(n=n, loss="0.1").lower) for n in sizes}
    products = [n * value for n, value in found.items()]
    same = max(products) / min(products) < 1.01
    text = ", ".join(f"n = {n}: {short(value)}" for n, value in found.items())
    return Row(
        claim="For the population's loss to vanish epsilon must shrink faster than 1/n",
        source="poster, corollary",
        rule="with epsilon a constant over n the loss stays what it is",
        status=Status.REPRODUCED if same else Status.NOT,
        evidence=f"Largest epsilon for a loss of 0.1: {text}; n times it: "
        f"{listed(short(one) for one in products)}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheap:
    """The setting of a defence that leaves the attacker least among those that cost little utility.

    Chosen, and found to cost little, by the selection records where there are some; the numbers are
    of others.

    Attributes:
        setting: of the defence.
        none: the undefended model.
        share: of the utility between no defence and a constant that it costs.
        lost: the part of the undefended model's gain that it takes from the attacker: mean, and the
            interval of the mean where there are replicates enough.
    """

    setting: Setting
    none: Setting
    share: float
    lost: Spread


def cheap(panel: Panel, *roles: Role) -> Cheap | None:
    """None if nothing is so cheap, or the panel lacks an end point, or a constant costs nothing.

    Args:
        panel: where.
        roles: of the defences that are looked at; those of MID if none is named.
    """
    ends = ends_of(panel)
    whole = None if ends is None else gap(ends[1], ends[0], chosen_cost)
    if ends is None or whole is None or whole.spread.mean <= 0:
        return None
    found = []
    for one in of_role(panel, *(roles or (Role.MID,))):
        loss = gap(one, ends[0], chosen_cost)
        if loss is not None and loss.spread.mean / whole.spread.mean <= CHEAP:
            found.append((fmean(map(chosen_success, one.points)), loss.spread.mean, one))
    if not found:
        return None
    # of two that leave the attacker the same, the one that costs less
    best = min(found, key=lambda row: row[:2])[2]
    paid, range_ = gap(best, ends[0], cost), gap(ends[1], ends[0], cost)
    lost = _lost(best, ends[0])
    if paid is None or range_ is None or lost is None:
        return None
    return Cheap(setting=best, none=ends[0], share=paid.spread.mean / range_.spread.mean, lost=lost)


def _lost(setting: Setting, none: Setting) -> Spread | None:
    """How much of the undefended gain is lost; of its mean, which is known far better."""
    change, left = gap(setting, none, success), none.attack.mean - none.base
    if change is None or left <= 0:
        return None
    ends = change.spread
    return Spread(-ends.mean / left, -ends.upper / left, -ends.lower / left, ends.interval)


def _lowers(part: Part, played: Played | None) -> Row:
    panel = None if played is None else played.shown
    found = None if panel is None else cheap(panel)
    status, evidence = Status.NOT_JUDGED, "Not played."
    if played is not None and panel is not None:
        harder = _harder(played, panel, found)
        status, evidence = _lowered(panel, found, harder), _told(panel, found, harder)
    return Row(
        claim=f"{part.title}: MID lowers the attack's success at little cost in utility",
        source=_source(part),
        rule=f"at least {percent(_MUCH)} of the gain, for little; see above",
        status=status,
        evidence=evidence,
    )


@dataclass(frozen=True, slots=True)
class Harder:
    """The same setting where the same world's model is asked otherwise; None if not played there."""

    panel: str
    setting: Setting | None = None
    lost: Spread | None = None


def _harder(played: Played, panel: Panel, found: Cheap | None) -> list[Harder]:
    rows = []
    for other in played.panels if found is not None else ():
        if other is panel or stem(other.name) != stem(panel.name) or found is None:
            continue
        wanted = (found.setting.defence, found.setting.name)
        same = [one for one in of_role(other, Role.MID) if (one.defence, one.name) == wanted]
        lost = _lost(same[0], found.none) if same else None
        rows.append(Harder(other.name) if lost is None else Harder(other.name, same[0], lost))
    return rows


def _lowered(panel: Panel, found: Cheap | None, harder: Sequence[Harder]) -> Status:
    if panel.replicates < LEAST or ends_of(panel) is None or found is None:
        return Status.NOT_JUDGED
    if not found.lost.interval or found.lost.lower < _SOME:
        return Status.NOT
    every = [found.lost, *(one.lost for one in harder)]
    much = all(one is not None and one.interval and one.lower >= _MUCH for one in every)
    return Status.REPRODUCED if much else Status.PARTLY


def _told(panel: Panel, found: Cheap | None, harder: Sequence[Harder]) -> str:
    if found is None:
        return f"{panel.name}: no setting of MID costs so little and can be compared."
    none, own = found.none, found.setting
    reached = (
        f"success {short(none.attack.mean)} without a defence, {short(own.attack.mean)} with it"
    )
    text = (
        f"{panel.name}, {described(own)}: {reached} (guess without a model {short(none.base)}), "
        f"which takes {_share(found.lost)} of the gain, {price(found)}."
    )
    for one in harder:
        if one.setting is not None and one.lost is not None:
            reached = short(one.setting.attack.mean)
            text += f" {one.panel}: {reached}, {_share(one.lost)} of the gain."
    missing = [one.panel for one in harder if one.setting is None]
    if missing:
        text += f" This setting was not played in: {'; '.join(missing)}."
    naive = [within(one, published) for one in (none, own)]
    if naive[0] is not None and naive[1] is not None:
        text += f" The attack as published: {short(naive[0].mean)} and {short(naive[1].mean)}."
    return text


def _share(found: Spread) -> str:
    mean, low, high = (f"{round(100 * end):d}%" for end in (found.mean, found.lower, found.upper))
    return f"{mean} ({between(low, high, interval=found.interval)})"


def price(found: Cheap) -> str:
    """What it costs; below 0 it pays."""
    share = percent(abs(round(found.share, 3)))
    return f"for {share} of the utility" if found.share >= 0 else f"with {share} more utility"


def _source(part: Part) -> str:
    for anchor in ANCHORS:
        if anchor.letter == part.letter:
            free, *points = (f"{x:g} → {y:g}" for x, y in (anchor.none, *anchor.curves["MID"]))
            return (
                f"paper, Figure 2 ({anchor.utility} → {anchor.attack}): no defence {free}; MID "
                f"{', '.join(points)}"
            )
    return "poster, images only"


def _beats(study: Study, part: Part, played: Played | None, rival: str) -> Row:
    compared: list[dict[str, object]] = []
    if played is not None:
        rivals = _rivals(played, rival)
        compared = [row for row in study.verdicts_of(played) if row["rival"] in rivals]
    verdicts = list(dict.fromkeys(str(row["verdict"]) for row in compared))
    counts = {one: [row for row in compared if row["verdict"] == one] for one in verdicts}
    judged = sum(len(counts.get(one, ())) for one in _JUDGED)
    won = len(counts.get(Verdict.DOMINATES, ()))
    status = Status.NOT_JUDGED
    if judged:
        status = Status.NOT if not won else Status.PARTLY
        if won == len(compared):
            status = Status.REPRODUCED
    evidence = "; ".join(
        f"{verdict} in {len(found)} ({listed(_names(found))})" for verdict, found in counts.items()
    )
    return Row(
        claim=f"{part.title}: at the same utility MID leaves the attacker less than {rival}",
        source=_source(part),
        rule=f"MID dominates {rival} in every panel and variant; partly, in some",
        status=status,
        evidence=f"{evidence or 'No comparison was judged'}.",
    )


def _rivals(played: Played, rival: str) -> set[str]:
    """The defences of a campaign that are this rival: by their role, or by name."""
    return {
        name
        for panel in played.panels
        for name, curve in panel.curves.items()
        if (curve[0].role is Role.DP if rival == "DP" else family(name) == rival)
    }


def _names(found: Sequence[dict[str, object]]) -> Iterable[str]:
    return dict.fromkeys(f"{row['panel']}: {called(str(row['defence']))}" for row in found)


def _information(study: Study) -> Row:
    found = [one for one in agreements(study) if one.across and one.replicates >= LEAST]
    ways = [one.shown for one in found]
    rise, fall = ways.count(1), ways.count(-1)
    status = Status.NOT_JUDGED
    if found:
        status = Status.PARTLY if 2 * rise >= len(found) else Status.NOT
        if rise == len(found):
            status = Status.REPRODUCED
    return Row(
        claim="The less information an answer carries of the input, the less an attack succeeds",
        source="poster, the idea of MID; disputed by later work",
        rule="the rank correlation over pairs of settings of different families is shown to be above 0 "
        "in every panel and kind of reading, for the settings played; partly, in half of them",
        status=status,
        evidence=f"Above 0 in {rise}, below in {fall}, neither shown in {len(found) - rise - fall} "
        f"of {len(found)}; all are of {listed(dict.fromkeys(one.attack for one in found))}."
        if found
        else "No panel has enough defences of one kind of reading.",
    )

"""The study's page: the figure, what was found, verdicts, and what became of the claims."""

from __future__ import annotations

from collections.abc import Sequence

from verification.campaign import Size
from verification.parts import Role
from verification.progress import duration
from verification.report import comparisons
from verification.report.command import REPORT
from verification.report.markup import Markup, element, joined
from verification.report.page import Drawn, document, figure
from verification.report.tables import number, table, verdict
from verification.report.words import counted, percent
from verification.study import claims
from verification.study.findings import chapters, short
from verification.study.paired import at_setting, called
from verification.study.results import PARTS, Study

_TITLE = "Six attacks and what a defence buys"
_SIGNS = {
    claims.Status.REPRODUCED: "✓",
    claims.Status.PARTLY: "≷",
    claims.Status.NOT: "✗",
    claims.Status.NOT_JUDGED: "?",
}
_RANKS = {status: rank for rank, status in enumerate(claims.Status)}
_STATUS = {
    True: ("passed", "✓ The measurement is sound (which says nothing of how good a defence is)"),
    False: ("failed", "✗ The measurement failed"),
}
_LEAD = (
    "A trained model answers questions about people. Someone who knows all but one thing about a "
    "person, or knows nothing but the answer, guesses the rest from it. A poster (Wang, Zhang, Jia "
    "2021) names six such attacks, and a defence, MID, that trains the model so that its answers "
    "carry less information about its input. Here all six attacks are played against MID and against "
    "simple alternatives: noise, rounding, telling the label alone, dropping the secret, differential "
    "privacy (DP). Most data are simulated, so that the best possible attack can often be computed; "
    "models are small. The attacker who counts is the strongest: he knows the defence, and where a "
    "panel says so asks often, or sees the model inside. DP protects the records of the training; "
    "those attacked here are others, but for the record of an update in Update-Leaks."
)
_NAMES = {
    "lam": "the price on information in MID's training: 0 is no defence.",
    "noisy, deterministic": "MID on a regression releases its answer with the noise that the theory "
    "asks for, or, deterministic, only shrinks it.",
    "fresh, per-input": "noise drawn anew at each question, or fixed for each input by a secret key.",
    "secret only": "the price is on what the answer tells of the secret alone.",
    "side none, side rest; label": "what the attacker knows besides the answer: nothing, or all "
    "attributes but the secret; and whether he knows the true label.",
    "white box": "the attacker sees what the model computes before its noise.",
    "warfarin": "simulated patients of a public dosing model; a gene is secret.",
    "gaussian, rule, factors, waves": "simulated normal records, discrete records with a rule, vectors "
    "of many identities, images of smooth waves.",
    "ID3, Priority, shallow ID3": "decision trees: the plain one, one that splits on the secret at a "
    "chosen depth, and one of little depth.",
    "top k, label only, rounding, purification": "answers cut to the k largest numbers, to the label, to "
    "a grid, or passed through a network that removes what is unusual.",
    "coin": "no defence and a constant answer, one or the other at random: what anyone can have.",
    "clipped update, DP update": "a step of training whose gradient is cut to a length; and with noise.",
    "epsilon": "of differential privacy of the training (or of the update), at the delta that its report "
    "states; above 10 or so it promises next to nothing.",
}
_SMALL = (
    "This is the small size: it shows that everything works. Two replicates carry no verdict, and "
    "nothing said below is more than a first look."
)


def page(study: Study, main: Sequence[Drawn], others: Sequence[Drawn]) -> str:
    """The HTML of a study.

    Args:
        study: what was played.
        main: the six panels and the paper's points, with their SVG.
        others: further pictures.
    """
    return document(
        f"{_TITLE}: {_STATUS[study.passed][0]}",
        _headline(study),
        *(figure(*one) for one in main),
        _choices(study),
        _found(study),
        _verdicts(study),
        _claims(study),
        *(figure(*one) for one in others),
        _reports(study),
        _terms(),
        _run(study),
    )


def _headline(study: Study) -> Markup:
    name, sign = _STATUS[study.passed]
    missing = [part.title for part in PARTS if part not in {one.part for one in study.played}]
    controls = [row for one in study.played for row in one.record.controls]
    violations = sum(len(one.record.violations) for one in study.played)
    cells = sum(len(one.record.cells) for one in study.played)
    open_ended = sum(
        row.line["theory"]["upper"] >= 1 for one in study.played for row in one.record.cells
    )
    settings = sum(len(one.settings) for one in study.played)
    said = [
        f"{counted(settings, 'setting')} of defences, played {counted(cells, 'time')}: "
        f"{violations or 'no'} attack beat what is known to be its limit. In {open_ended} of the plays "
        "that limit is certainty, which nothing can beat.",
        f"{sum(row.behaved for row in controls)} of {counted(len(controls), 'control')} came out as "
        "they must: too little noise and a line set too low are caught, answers without the secret "
        "raise no alarm.",
    ]
    said += [f"Not played: {', '.join(missing)}."] if missing else []
    return element(
        "header",
        element("p", sign, class_=f"status {name}"),
        element("h1", _TITLE),
        element("ul", *(element("li", one) for one in said), class_="headline"),
        element("p", _LEAD, class_="description"),
        element("p", element("strong", _SMALL)) if study.size is Size.SMALL else "",
    )


def _choices(study: Study) -> Markup:
    """For each panel what leaves the attacker least at little cost, and the best of MID beside it."""
    heads = ["Panel", "Guess without a model", "No defence", "Least attack at little cost"]
    heads += ["Attack", "Cost", "MID's least", "Attack", "Cost", "Replicates"]
    rows = []
    rivals = (Role.MID, Role.BASELINE, Role.DP)
    for panel in (panel for one in study.played for panel in one.panels):
        best, mid = claims.cheap(panel, *rivals), claims.cheap(panel)
        if best is not None:
            rows.append(
                element(
                    "tr",
                    element("th", panel.name, scope="row"),
                    number(best.none.base, short(best.none.base)),
                    number(best.none.attack.mean, short(best.none.attack.mean)),
                    *_choice(best),
                    *(_choice(mid) if mid is not None else [element("td", "none so cheap")] * 3),
                    number(panel.replicates, str(panel.replicates)),
                )
            )
    lead = (
        f"Of all settings that cost at most {percent(claims.CHEAP)} of the utility between no defence "
        "and a constant answer, the one that leaves the strongest attacker least; chosen on other "
        "records than those it is shown on. The attack's success is the share of right guesses, but "
        "for updates of ten records, where it is the share of the labels' divergence closed."
    )
    return element(
        "section",
        element("h2", "What to choose"),
        element("p", lead),
        table("choices", heads, rows, "The least attack at little cost, by panel"),
    )


def _choice(found: claims.Cheap) -> list[Markup]:
    one = found.setting
    return [
        element("td", f"{called(one.defence)} at {at_setting(one)}", class_="wide"),
        number(one.attack.mean, short(one.attack.mean)),
        element("td", claims.price(found)),
    ]


def _found(study: Study) -> Markup:
    parts = [
        joined(
            element("h3", chapter.heading),
            element("ul", *(element("li", one) for one in chapter.sentences)),
        )
        for chapter in chapters(study)
    ]
    return element("section", element("h2", "What we found"), *parts, id="found")


def _verdicts(study: Study) -> Markup:
    found: Markup | str = comparisons.verdict_table(study.verdicts)
    if study.size is Size.SMALL:
        found = element("p", "None: the small size has too few replicates.")
    together = (
        "All comparisons of the six campaigns are judged together here; a single report judges those "
        "of its campaign, and may show a difference that is a tie here, since it judges fewer."
    )
    return element(
        "section", element("h2", "Verdicts"), element("p", together), found, id="tradeoffs"
    )


def _claims(study: Study) -> Markup:
    lead = (
        "Each claim of the poster and of the paper's figure, and what came out here: theorems by "
        "computation, all else on other data and against other attackers. The rule says when it counts "
        "as reproduced."
    )
    heads = ["Outcome here", "Claim", "Where", "Rule", "Numbers"]
    found = [
        element(
            "tr",
            verdict(f"{_SIGNS[row.status]} {row.status}", _RANKS[row.status]),
            element("td", row.claim, class_="wide"),
            element("td", row.source, class_="wide"),
            element("td", row.rule, class_="wide"),
            element("td", row.evidence, class_="long"),
        )
        for row in claims.rows(study)
    ]
    return element(
        "section",
        element("h2", "The claims"),
        element("p", lead),
        table("claims", heads, found, "Claims and what became of them"),
    )


def _reports(study: Study) -> Markup:
    heads = [
        "Attack",
        "Panels",
        "Settings",
        "Replicates",
        "CPU seconds",
        "Seconds a point",
        "Report",
    ]
    seconds = study.seconds()
    rows = []
    for one in study.played:
        spent, points = seconds[one.part.campaign], len(one.record.points)
        link = element("a", REPORT, href=f"{one.part.campaign}/{REPORT}")
        replicates = max(panel.replicates for panel in one.panels)
        rows.append(
            element(
                "tr",
                element("th", f"{one.part.letter}  {one.part.title}", scope="row"),
                number(len(one.panels), str(len(one.panels))),
                number(len(one.settings), str(len(one.settings))),
                number(replicates, str(replicates)),
                number(spent, f"{spent:.0f}"),
                number(spent / points, f"{spent / points:.2g}"),
                element("td", link),
            )
        )
    left = dict.fromkeys(line for one in study.played for line in one.left_out)
    return element(
        "section",
        element("h2", "Every panel, setting and attacker"),
        element(
            "p",
            "The single reports have every panel's picture, and every setting with its utility, "
            "information, levels of attack, further figures, epsilon and seconds.",
        ),
        table("reports", heads, rows, "Reports of the six campaigns"),
        element("p", "Left out for want of data:") if left else "",
        element("ul", *(element("li", line) for line in left)) if left else "",
    )


def _terms() -> Markup:
    pairs = [
        joined(element("dt", term), element("dd", said))
        for term, said in (comparisons.TERMS | _NAMES).items()
    ]
    return element("section", element("h2", "What the words mean"), element("dl", *pairs))


def _run(study: Study) -> Markup:
    pairs = []
    for one in study.played:
        run = one.record.run
        if run:
            versions = ", ".join(f"{name} {own}" for name, own in run["versions"].items() if own)
            said = (
                f"seed {run['seed']}, {duration(float(run['wall_seconds']))}, sources "
                f"{run['sources'][:12]}, {versions}"
            )
            pairs.append(joined(element("dt", one.record.name), element("dd", said)))
    return element("footer", element("h2", "How it was run"), element("dl", *pairs))

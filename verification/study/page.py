"""The study's page: the figure, what was found, verdicts, and what became of the claims."""

from __future__ import annotations

from collections.abc import Sequence

from verification.campaign import Size
from verification.progress import duration
from verification.report import comparisons
from verification.report.command import REPORT
from verification.report.markup import Markup, element, joined
from verification.report.page import Drawn, document, figure
from verification.report.tables import number, table, verdict
from verification.report.words import counted
from verification.study import claims
from verification.study.findings import chapters
from verification.study.results import PARTS, Study

_TITLE = "Six attacks and what a defence buys"
_SIGNS = {
    claims.Status.REPRODUCED: "✓",
    claims.Status.PARTLY: "≷",
    claims.Status.NOT: "✗",
    claims.Status.NOT_JUDGED: "?",
}
_RANKS = {status: rank for rank, status in enumerate(claims.Status)}
_STATUS = {True: ("passed", "✓ Passed"), False: ("failed", "✗ Failed")}
_LEAD = (
    "A trained model answers questions about people. Someone who knows all but one thing about a "
    "person, or only the answer, guesses the rest from it. The poster names six such attacks, and a "
    "defence, MID, that trains the model so that its answers carry less information about its "
    "input. Here all six attacks are played against MID and against what anyone could do instead, "
    "on data where the best possible attack is known wherever it can be, and the strongest attacker "
    "is the one that counts: he knows the defence, may ask often, and may see the model inside."
)
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
    said = [
        f"{counted(cells, 'setting')} in {counted(len(study.played), 'campaign')}; in "
        f"{violations} of them an attack did better than is possible.",
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
        "of its campaign, and may call a difference shown that is a tie here."
    )
    return element(
        "section", element("h2", "Verdicts"), element("p", together), found, id="tradeoffs"
    )


def _claims(study: Study) -> Markup:
    lead = (
        "Each claim of the poster and of the paper's figure, and what came out here, always on other "
        "data and against other attackers. The rule says when it counts as reproduced."
    )
    heads = ["On other data", "Claim", "Where", "Rule", "Numbers"]
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
        joined(element("dt", term), element("dd", said)) for term, said in comparisons.TERMS.items()
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

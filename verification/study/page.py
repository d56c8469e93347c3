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
from verification.report.words import counted, percent, tradeoffs
from verification.study import claims
from verification.study.findings import chapters, short
from verification.study.paired import described, ends_of
from verification.study.results import PARTS, Study
from verification.study.terms import NAMES

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
_FIRST = "(first look: too few replicates) "
_LEAD = (
    "A trained model answers questions about people. Someone who knows all but one thing about a "
    "person, or knows nothing but the answer, guesses the rest from it; or makes an image of a person "
    "of whom the model was trained to tell the name. A poster (Wang, Zhang, Jia 2021; its figures are "
    "in the paper of the same title) names six such attacks, and a defence, MID, that trains the model "
    "so that its answers carry less information about its input. Here all six attacks are played "
    "against MID and against simple alternatives: noise, rounding, telling the label alone, dropping "
    "the secret, differential privacy (DP). Data are simulated where the panel's name does not say "
    "diabetes, steak, adult, digits or MNIST, so that the best possible attack can often be computed; "
    "models are small. The attacker who counts is the strongest: he knows the defence, in GMI and "
    "white-box MAP sees the model inside, in Update-Leaks may be an insider who knows the model before "
    "the update, and elsewhere asks often where the panel's name says so. DP "
    "protects the records of the training; those attacked here are others, but for the record of an "
    "update in Update-Leaks."
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
        f"{_TITLE}: {'measured without a fault' if study.passed else 'the measurement failed'}",
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
        tradeoffs(study.verdicts),
        f"{counted(settings, 'setting')} of defences, played {counted(cells, 'time')}: "
        f"in {violations or 'none'} of them does an attack's interval lie above its known limit; in "
        f"{open_ended:,} that limit is certainty, so that there this checks nothing.",
        f"{sum(row.behaved for row in controls)} of {counted(len(controls), 'control')} came out as "
        "they must: too little noise and a line set too low are caught, answers without the secret "
        "raise no alarm.",
    ]
    said += [f"Not played: {', '.join(missing)}."] if missing else []
    return element(
        "header",
        element("p", sign, class_=f"status {name}"),
        element("h1", _TITLE),
        element("ul", *(element("li", one) for one in said if one), class_="headline"),
        element("p", _LEAD, class_="description"),
        element("p", element("strong", _SMALL)) if study.size is Size.SMALL else "",
    )


def _choices(study: Study) -> Markup:
    """For each panel what leaves the attacker least at little cost, and the best of MID beside it."""
    heads = ["Panel", "Guess without a model", "No defence", "Least attack at little cost"]
    heads += ["Attack", "Cost", "MID's least", "Attack", "Cost", "Replicates"]
    rows, open_ended = [], []
    for panel in (panel for one in study.played for panel in one.panels):
        none = ends_of(panel)
        if none is None:
            open_ended.append(panel.name)
            continue
        rivals = claims.cheap(panel, Role.MID, Role.BASELINE, Role.DP)
        rows.append(
            element(
                "tr",
                element("th", panel.name, scope="row", class_="wide"),
                number(none[0].base, short(none[0].base)),
                number(none[0].attack.mean, short(none[0].attack.mean)),
                *_choice(rivals),
                *_choice(claims.cheap(panel)),
                number(panel.replicates, str(panel.replicates)),
            )
        )
    lead = (
        f"Of all settings that cost at most {percent(claims.CHEAP)} of the utility between no defence "
        "and a constant answer, the one that leaves the strongest attacker least; chosen by other "
        "records than those it is shown on, where it may cost a little more (where all is computed "
        "exactly, by the numbers shown). The attack's success is "
        "the share of right guesses; for updates of ten records it is the share of the labels' "
        "divergence closed; for GMI and white-box MAP of classes how often an evaluator recognises "
        "the class in the image made. In Update-Leaks an update lowers the accuracy, so that a "
        "defence that updates less gains utility, and not to update at all would be best."
    )
    left = (
        f"Left out, for they lack a model without a defence or a constant: {'; '.join(open_ended)}."
    )
    return element(
        "section",
        element("h2", "What to choose"),
        element("p", lead),
        table("choices", heads, rows, "The least attack at little cost, by panel"),
        element("p", left) if open_ended else "",
    )


def _choice(found: claims.Cheap | None) -> list[Markup]:
    """Which setting, its attack and its cost; or that nothing helps."""
    if found is None:
        return [element("td", "none so cheap, or nothing to take")] + [element("td", "")] * 2
    before = "" if found.lost.interval else _FIRST
    if found.lost.interval and found.lost.lower <= 0:
        before = "nothing is shown to help; least: "
    one = found.setting
    private = "" if one.epsilon is None else f" (epsilon {short(one.epsilon)})"
    return [
        element("td", f"{before}{described(one)}{private}", class_="wide"),
        number(one.attack.mean, short(one.attack.mean)),
        element("td", claims.price(found)),
    ]


def _found(study: Study) -> Markup:
    coin = (
        "A defence that is worse than the toss of a coin between no defence and a constant answer can "
        "be replaced by that coin, and counts as it wherever selection records choose: not to differ "
        "from the coin is then to be of no use."
    )
    parts = [
        joined(
            element("h3", chapter.heading),
            element("ul", *(element("li", one) for one in chapter.sentences)),
        )
        for chapter in chapters(study)
    ]
    return element(
        "section", element("h2", "What we found"), element("p", coin), *parts, id="found"
    )


def _verdicts(study: Study) -> Markup:
    found: Markup | str = comparisons.verdict_table(study.verdicts)
    if study.size is Size.SMALL:
        found = element("p", "None: the small size has too few replicates.")
    together = (
        "All comparisons of the six campaigns are judged together here; a single report judges those "
        "of its campaign, and may show a difference that is a tie here, since it judges fewer. The "
        "interval of a row is of its comparison alone: that of a tie may leave out 0. Replicates on "
        "real data deal the same records anew, so that what is shown there is of these records."
    )
    return element(
        "section", element("h2", "Verdicts"), element("p", together), found, id="tradeoffs"
    )


def _claims(study: Study) -> Markup:
    lead = (
        "Each claim of the poster and of the paper's figure, and what came out here: theorems by "
        "computation, all else on other data and against other attackers. The rule says when it counts "
        f"as reproduced. {claims.LOWERS}"
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
        "CPU minutes",
        "CPU minutes a setting",
        "Report",
    ]
    rows = []
    for one in study.played:
        link = element("a", REPORT, href=f"{one.part.campaign}/{REPORT}")
        replicates = max(panel.replicates for panel in one.panels)
        rows.append(
            element(
                "tr",
                element("th", f"{one.part.letter}  {one.part.title}", scope="row"),
                number(len(one.panels), str(len(one.panels))),
                number(len(one.settings), str(len(one.settings))),
                number(replicates, str(replicates)),
                number(one.seconds, f"{one.seconds / 60:.1f}"),
                number(one.minutes_each, f"{one.minutes_each:.2f}"),
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
        for term, said in (comparisons.TERMS | NAMES).items()
    ]
    return element("section", element("h2", "What the words mean"), element("dl", *pairs))


def _run(study: Study) -> Markup:
    pairs = []
    for one in study.played:
        run = one.record.run
        if run:
            versions = ", ".join(f"{name} {own}" for name, own in run["versions"].items() if own)
            said = (
                f"seed {run['seed']}, {duration(one.seconds)} of processors, sources "
                f"{run['sources'][:12]}, {versions}"
            )
            pairs.append(joined(element("dt", one.record.name), element("dd", said)))
    return element("footer", element("h2", "How it was run"), element("dl", *pairs))

"""Deciding goals: one solver after the other, until one is sure; the answer says which one that was.

Z3 goes first: arithmetic over unbounded integers, bits over vectors. cvc5 reads the vectors as integers, which decides
divisions that neither can; bitwuzla is quick at counterexamples. ``unknown`` of all is an open goal: a failure.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from time import perf_counter
from typing import Any, Final

import attrs
import bitwuzla
import cvc5
import z3

from hyperion.symbolic.expression import Term
from hyperion_proofs.slicing import Slicer
from hyperion_proofs.translate import Bits, Domain, Formula, Integers, Model, Untranslatable, model_of

SEED: Final = 20240229
"""Of Z3's random choices, so that a run can be repeated."""


class Answer(Enum):
    """What is known of a goal."""

    PROVED = "proved"
    REFUTED = "refuted"
    OPEN = "open"


@attrs.frozen
class Query:
    """Whether the goal holds wherever all conditions do."""

    conditions: tuple[Term, ...]
    goal: Term


@attrs.frozen
class Method:
    """A domain, a solver, and the most milliseconds it may take for a goal."""

    name: str
    domain: Callable[[], Domain]
    solver: str
    timeout: int
    exact: bool = True
    """Whether a model is meant as one; those of an approximation may be spurious."""


def abstract_integers() -> Integers:
    """Integers with unknown products and quotients."""
    return Integers(abstract=True)


INTEGERS: Final = Method("z3 integers", Integers, "z3", 4_000)
ABSTRACT: Final = Method("z3 integers, ×÷ abstract", abstract_integers, "z3", 4_000, exact=False)
VECTORS: Final = Method("z3 bit-vectors", Bits, "z3", 30_000)
AS_INTEGERS: Final = Method("cvc5 bit-vectors as integers", Bits, "cvc5", 20_000)
CVC5_INTEGERS: Final = Method("cvc5 integers", Integers, "cvc5", 10_000)
BITWUZLA: Final = Method("bitwuzla bit-vectors", Bits, "bitwuzla", 10_000)

ARITHMETIC: Final = (INTEGERS, ABSTRACT, AS_INTEGERS, CVC5_INTEGERS, BITWUZLA, VECTORS)
BITWISE: Final = (VECTORS, BITWUZLA, AS_INTEGERS, INTEGERS, ABSTRACT)
QUICK: Final = (attrs.evolve(INTEGERS, timeout=300), attrs.evolve(VECTORS, timeout=300))


@attrs.frozen
class Verdict:
    """The answer to a query, who gave it, after how many seconds, and a proposed counterexample if it is refuted."""

    answer: Answer
    by: str
    seconds: float
    model: Model | None = None


def decide(
    query: Query,
    portfolio: tuple[Method, ...],
    accept: Callable[[Model], bool] = lambda model: True,
    stop_at_model: bool = False,
) -> Verdict:
    """Ask the methods in turn. A model that ``accept`` refuses is spurious, and the next method is asked.

    ``stop_at_model``: the first model of an exact method ends the search, unlooked at: there is no proof then.
    """
    start = perf_counter()
    if query.goal.is_constant and query.goal.value:
        return Verdict(Answer.PROVED, "intervals", perf_counter() - start)
    spurious = ""
    for method in portfolio:
        try:
            answer, model = ask(query, method)
        except Untranslatable:
            continue
        if answer is Answer.PROVED:
            return Verdict(answer, method.name, perf_counter() - start)
        if answer is Answer.REFUTED and stop_at_model and method.exact:
            return Verdict(Answer.OPEN, method.name, perf_counter() - start)
        if answer is Answer.REFUTED and model is not None:
            if accept(model):
                return Verdict(answer, method.name, perf_counter() - start, model)
            spurious = f" (spurious counterexample of {method.name})"
    return Verdict(Answer.OPEN, f"nobody{spurious}", perf_counter() - start)


def ask(query: Query, method: Method) -> tuple[Answer, Model | None]:
    """The answer of one method."""
    domain = method.domain()
    solver = z3.Solver()
    solver.set("timeout", method.timeout)
    solver.set("random_seed", SEED)
    formulas = [domain.translate(condition) for condition in query.conditions]
    goal = domain.translate(query.goal)
    solver.add(*domain.facts, *formulas, z3.Not(goal))
    return SOLVERS[method.solver](solver, domain, method.timeout)


def ask_z3(solver: Formula, domain: Domain, timeout: int) -> tuple[Answer, Model | None]:
    """Z3 itself; its time is limited already."""
    del timeout
    answer = solver.check()
    if answer == z3.unsat:
        return Answer.PROVED, None
    return (Answer.REFUTED, model_of(domain, solver.model())) if answer == z3.sat else (Answer.OPEN, None)


def ask_cvc5(solver: Formula, domain: Domain, timeout: int) -> tuple[Answer, Model | None]:
    """cvc5 on the same formulas, with vectors solved as integers."""
    second = cvc5.Solver()
    for option, value in (("produce-models", "true"), ("tlimit-per", str(timeout)), ("solve-bv-as-int", "sum")):
        second.setOption(option, value)
    parser = cvc5.InputParser(second)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script_of(solver), "goal")
    symbols = parser.getSymbolManager()
    try:
        command = parser.nextCommand()
        while not command.isNull() and command.getCommandName() != "check-sat":
            command.invoke(second, symbols)
            command = parser.nextCommand()
        result = second.checkSat()
    except RuntimeError as refusal:  # a formula that it does not know, or can't solve as integers
        raise Untranslatable(str(refusal)) from None
    if result.isUnsat():
        return Answer.PROVED, None
    if not result.isSat():
        return Answer.OPEN, None
    values = {str(term): str(second.getValue(term)) for term in symbols.getDeclaredTerms()}
    return Answer.REFUTED, model_of_texts(domain, values)


def ask_bitwuzla(solver: Formula, domain: Domain, timeout: int) -> tuple[Answer, Model | None]:
    """Bitwuzla on the same formulas."""
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    options.set(bitwuzla.Option.TIME_LIMIT_PER, timeout)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    try:
        parser.parse(script_of(solver), True, False)
    except bitwuzla.BitwuzlaException as refusal:  # a formula of a theory that it does not know
        raise Untranslatable(str(refusal)) from None
    second = parser.bitwuzla()
    result = second.check_sat()
    if result == bitwuzla.Result.UNSAT:
        return Answer.PROVED, None
    if result != bitwuzla.Result.SAT:
        return Answer.OPEN, None
    values = {str(term): str(second.get_value(term)) for term in parser.get_declared_funs()}
    return Answer.REFUTED, model_of_texts(domain, values)


SOLVERS: Final[Mapping[str, Callable[[Any, Domain, int], tuple[Answer, Model | None]]]] = {
    "z3": ask_z3,
    "cvc5": ask_cvc5,
    "bitwuzla": ask_bitwuzla,
}


def script_of(solver: Formula) -> str:
    """The solver's formulas in the common language."""
    return f"(set-logic ALL)\n{solver.to_smt2()}"


def model_of_texts(domain: Domain, values: Mapping[str, str]) -> Model:
    """A model from values as text, ``#b…`` or ``true``; tables of unknown functions are not read."""
    found: dict[str, int | bool] = {}
    for name, (term, _) in domain.variables().items():
        text = values.get(name, values.get(f"|{name}|"))
        if text is None:
            continue
        if text in ("true", "false"):
            found[name] = text == "true"
        elif text.startswith("#b"):
            unsigned = int(text[2:], 2)
            negative = not term.interval.natural and text[2] == "1"
            found[name] = unsigned - (1 << len(text[2:])) if negative else unsigned
    return Model(found, {})


class Z3Oracle:
    """Says which sides of a branch are possible; what Z3 can't decide at once is taken to be.

    The conditions so far can hold together, so only those that are connected with the new one are asked about.
    """

    def __init__(self, portfolio: tuple[Method, ...] = QUICK) -> None:
        self.portfolio = portfolio
        self.slicer = Slicer()
        self.asked: dict[tuple[Term, ...], bool] = {}

    def feasible(self, conditions: tuple[Term, ...], further: Term) -> bool:
        """Whether some assignment meets all conditions."""
        key = (*self.slicer.slice(conditions, further), further)
        if key not in self.asked:
            self.asked[key] = self.ask(key)
        return self.asked[key]

    def ask(self, conditions: tuple[Term, ...]) -> bool:
        """The same, asked of the first solver that can say it."""
        for method in self.portfolio:
            domain = method.domain()
            try:
                formulas = [domain.translate(condition) for condition in conditions]
            except Untranslatable:
                continue
            solver = z3.Solver()
            solver.set("timeout", method.timeout)
            solver.set("random_seed", SEED)
            solver.add(*domain.facts, *formulas)
            return bool(solver.check() != z3.unsat)
        return True


def versions() -> Mapping[str, str]:
    """Of the solvers: a result holds for these."""
    return {"z3": z3.get_version_string(), "cvc5": cvc5.__version__, "bitwuzla": installed_version("bitwuzla")}


def installed_version(name: str) -> str:
    """The version of an installed distribution."""
    from importlib.metadata import version

    return version(name)

"""The whole graph on one screen."""

from functools import partial
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from macrohard.graph import front
from macrohard.graph.assets import assets, has_face
from macrohard.graph.coding import after_integrate, code, dispatch, integrate
from macrohard.graph.office import Office
from macrohard.graph.release import release
from macrohard.graph.state import State
from macrohard.graph.triage import after_triage, triage
from macrohard.graph.trials import invite, trial, users
from macrohard.graph.verify import mutants, verify


def build_graph(office: Office, saver: BaseCheckpointSaver[str] | None) -> Any:
    """Compile the factory for one run.

    A run goes down the first column once, then around code, integrate, verify, users and triage
    until triage ships or stops.

    Args:
        office: What the nodes work with.
        saver: Keeps the state after every step.
    """
    graph = StateGraph(State)
    for name, node in (
        ("intake", front.intake),
        ("requirements", front.requirements),
        ("scenarios", front.scenarios),
        ("design", front.design),
        ("plan", front.plan),
        ("assets", assets),
        ("code", code),
        ("integrate", integrate),
        ("verify", verify),
        ("mutants", mutants),
        ("trial", trial),
        ("users", users),
        ("triage", triage),
        ("release", release),
    ):
        graph.add_node(name, partial(node, office))

    graph.add_edge(START, "intake")
    graph.add_edge("intake", "requirements")
    graph.add_edge("requirements", "scenarios")
    graph.add_edge("scenarios", "design")
    # Beside each other: the next step begins when both have ended.
    graph.add_conditional_edges("design", partial(_after_design, office), ["plan", "assets"])
    graph.add_conditional_edges("plan", dispatch, ["code", "verify"])
    graph.add_edge("code", "integrate")
    graph.add_conditional_edges("integrate", after_integrate, ["code", "verify"])
    graph.add_conditional_edges("verify", partial(invite, office), ["mutants", "trial", "users"])
    graph.add_edge("mutants", "users")
    graph.add_edge("trial", "users")
    graph.add_edge("users", "triage")
    graph.add_conditional_edges("triage", after_triage, ["code", "release"])
    graph.add_edge("release", END)
    return graph.compile(
        checkpointer=saver, interrupt_after=[_NODES[s] for s in office.settings.approve]
    )


def _after_design(office: Office, state: State) -> list[str]:
    return ["plan", "assets"] if has_face(office, state) else ["plan"]


_NODES = {
    "intake": "intake",
    "requirements": "requirements",
    "scenarios": "scenarios",
    "design": "design",
    "plan": "plan",
    "assets": "assets",
    "coding": "code",
    "integrate": "integrate",
    "verify": "verify",
    "users": "users",
    "triage": "triage",
    "release": "release",
}
"""Node in which a stage ends."""

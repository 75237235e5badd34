"""Every mutation, in the order of the table, and why some cannot be found."""

from tests.mutations.mutation import Mutation
from tests.mutations.of_assignors import ASSIGNORS
from tests.mutations.of_coordinator import COORDINATOR
from tests.mutations.of_member import MEMBER

__all__ = ["EXPLAINED", "MUTATIONS"]

MUTATIONS: dict[str, Mutation] = {
    mutation.name: mutation for mutation in (*COORDINATOR, *MEMBER, *ASSIGNORS)
}

EXPLAINED: dict[str, str] = {
    "stale_claim_beats_a_fresh_one": (
        "it changes nothing: no two members of a story claim one partition in different "
        "generations. Who lost what it had claims nothing, and what is claimed by a static member "
        "that is away goes to nobody who could claim it, too, before it is back"
    ),
}
"""Name -> why no checker finds it; whatever is found is not in here."""

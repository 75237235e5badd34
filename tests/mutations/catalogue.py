"""Every mutation, in the order of the table."""

from tests.mutations.mutation import Mutation
from tests.mutations.of_assignors import ASSIGNORS
from tests.mutations.of_coordinator import COORDINATOR
from tests.mutations.of_member import MEMBER

__all__ = ["MUTATIONS"]

MUTATIONS: dict[str, Mutation] = {
    mutation.name: mutation for mutation in (*COORDINATOR, *MEMBER, *ASSIGNORS)
}

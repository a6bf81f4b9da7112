"""Refusals about incidents."""

from chalicelib.domain.errors import Conflict, NotFound


class IncidentNotFound(NotFound):
    """No such incident, or none of a network that the caller sees."""

    code = "incident_not_found"

    def __init__(self, incident_id: str) -> None:
        super().__init__(f"There is no incident {incident_id}.")


class IncidentResolved(Conflict):
    """It was resolved before: what was decided then stands."""

    code = "incident_resolved"

    def __init__(self, incident_id: str) -> None:
        super().__init__(f"Incident {incident_id} is resolved already. Read it to see by whom and how.")


class TimelineFull(Conflict):
    """An incident keeps so many notes, and no more."""

    code = "timeline_full"

    def __init__(self, most: int) -> None:
        super().__init__(f"The incident has {most} notes, as many as it keeps. Resolve it, or write elsewhere.")

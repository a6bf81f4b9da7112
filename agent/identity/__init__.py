"""Who this agent is: keys, enrolment, and whom it trusts."""

"""The policy pack: Azure's rules and the organization's, for whatever program registers the project's components."""

"""The policy pack: Azure's rules and the company's, for whatever program registers the project's components."""

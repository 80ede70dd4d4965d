"""The policy pack: Azure's and the organization's rules, for any program that registers the project's components."""

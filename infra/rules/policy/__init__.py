"""Which rule holds where: rules, assignments, exemptions."""

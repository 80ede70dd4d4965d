"""Names: legal by Azure's rules, and by the company's."""

"""When a schedule is due: triggers in the words of Azure."""

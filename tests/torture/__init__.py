"""Real nodes under real faults, and a checker that reads what they and their target wrote down."""

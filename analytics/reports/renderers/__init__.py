"""One form of a report a module; `render` in `analytics/reports/forms.py` chooses."""

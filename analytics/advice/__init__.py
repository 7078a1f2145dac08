"""What the past of jobs advises: better hours, retries, and a day without herds. Pure."""

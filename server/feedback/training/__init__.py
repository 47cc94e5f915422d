"""Models from labels: trained apart, compared, and put in force."""

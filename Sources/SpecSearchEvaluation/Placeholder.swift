// Statistics.

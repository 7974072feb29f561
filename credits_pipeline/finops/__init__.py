"""The second wing: bills of several clouds, from their files to sums that meet the invoice."""

"""What people have stated of invoices: their totals, which the bills' rows have to add up to."""

from credits_pipeline.finops.invoices.book import InvoiceBook, of_bill, stated_invoices
from credits_pipeline.finops.invoices.stated import StatedInvoice

__all__ = ["InvoiceBook", "StatedInvoice", "of_bill", "stated_invoices"]

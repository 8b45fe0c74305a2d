-- The one currency, as an ISO 4217 code, in which costs of platforms with different currencies are compared.
create or replace macro reporting_currency() as 'USD';

-- The identifier of a row by which people ask for it, as in pdd/whole/cac_net_12m/2019-12-31.
create or replace macro row_id(platform, scope, name, day, other := null) as
concat_ws('/', platform, if(scope = '', 'whole', scope), name, day, other);

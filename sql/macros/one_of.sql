-- What two figures have in common: the name of both, or mixed where they differ.
create or replace macro one_of(name, other) as if(name is not distinct from other, name, 'mixed');

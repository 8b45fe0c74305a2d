-- A sum over a window, or another aggregate, only where it has all of the figures that it should have.
create or replace macro whole(aggregate, found, wanted) as if(found = wanted, aggregate, null);

-- The label of an app's environment, such as Staging, by which lists are grouped. Labels of two apps are equal, or
-- differ in more than case.
ALTER TABLE app ADD COLUMN environment TEXT;

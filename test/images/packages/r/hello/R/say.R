say <- function() "hello"

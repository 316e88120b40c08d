"""The words of the flow as frozen values: no I/O, no clock, no policy of any stage."""

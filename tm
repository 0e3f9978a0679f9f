
real	0m0.001s
user	0m0.000s
sys	0m0.000s

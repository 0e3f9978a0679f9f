/* broker.h - `millrace broker`: librdkafka's mock cluster in a process of its own.
 *
 * For the demo and for quick tests. It keeps nothing on disk, forgets transactional offsets, shows aborted records, fences nobody and
 * keeps only 5 MiB a partition: use `publish.delivery = at-least-once` on it. What must be proved is proved on Apache Kafka. */
#ifndef CLI_BROKER_H
#define CLI_BROKER_H

/* argv[0] is "broker". Prints the bootstrap address on one line, then serves until standard input closes, a SIGTERM or SIGINT comes or the
 * time is over. Returns the exit code. */
int cli_broker(int argc, char **argv);

#endif

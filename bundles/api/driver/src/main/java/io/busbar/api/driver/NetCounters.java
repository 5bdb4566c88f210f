package io.busbar.api.driver;

/**
 * What a network card did since it was bound.
 *
 * @param sent      frames that the device took
 * @param received  frames that came in
 * @param dropped   frames that came in while nobody listened
 * @param malformed what came in and was no frame: too short, too long, or with a header that was not agreed upon
 */
public record NetCounters(long sent, long received, long dropped, long malformed) {}

package io.busbar.core.bus;

/**
 * A part that a bundle plugged in.
 *
 * @param part   the service
 * @param name   its name, asked for once
 * @param origin the bundle it comes from: symbolic name and version
 * @param rank   its service ranking: of bus drivers the one with the highest is asked first
 * @param turn   held while it makes something: one thing at a time
 * @param <T>    what it is
 */
record PluggedIn<T>(T part, String name, String origin, int rank, ChangeLock turn) {

    /** Two are the same only if the service is the same object. */
    boolean is(Object service) {
        return part == service;
    }
}

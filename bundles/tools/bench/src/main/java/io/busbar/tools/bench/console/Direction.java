package io.busbar.tools.bench.console;

/** Which way bytes go, and what the console's rate must reach as a part of a pipe's. */
enum Direction {
    FROM_GUEST("from the guest", 0.01),
    TO_GUEST("to the guest", 0.05);

    private final String title;
    private final double floor;

    Direction(String title, double floor) {
        this.title = title;
        this.floor = floor;
    }

    String title() {
        return title;
    }

    double floor() {
        return floor;
    }
}

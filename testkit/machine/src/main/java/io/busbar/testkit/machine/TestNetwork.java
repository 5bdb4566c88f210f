package io.busbar.testkit.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** A network namespace of a test's own, in which nothing disturbs the machine's network; gone when it is closed. */
public final class TestNetwork implements AutoCloseable {

    private final String name;

    private TestNetwork(String name) {
        this.name = name;
    }

    /** Makes one; a prerequisite is missing where the tests may not. */
    public static TestNetwork create() {
        String name = "busbar-test-" + Integer.toHexString(ThreadLocalRandom.current().nextInt());
        Commands.Outcome outcome = Commands.run("ip", "netns", "add", name);
        Prerequisite.require(outcome.exit() == 0, "the right to make a network namespace: ip says: " + outcome.output());
        TestNetwork network = new TestNetwork(name);
        network.run("ip", "link", "set", "lo", "up");
        return network;
    }

    /** The namespace's name, as {@code ip netns} knows it. */
    public String name() {
        return name;
    }

    /** The command line that runs a program in the namespace. */
    public List<String> command(String... command) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name));
        inside.addAll(List.of(command));
        return inside;
    }

    /** Runs a program in the namespace to its end, which has to be a good one; returns what it said. */
    public String run(String... command) {
        Commands.Outcome outcome = Commands.run(command(command).toArray(String[]::new));
        if (outcome.exit() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " ends with " + outcome.exit() + " in namespace "
                    + name + ": " + outcome.output());
        }
        return outcome.output();
    }

    @Override
    public void close() {
        Commands.Outcome outcome = Commands.run("ip", "netns", "del", name);
        if (outcome.exit() != 0) {
            throw new IllegalStateException("ip cannot delete namespace " + name + ": " + outcome.output());
        }
    }
}

package io.busbar.runtime.client;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;

/** What is typed while a command runs. Safe for any thread; after {@link #leave} nothing goes out any more. */
final class CommandInput {
    private final Sender sender;
    private boolean left;

    @FunctionalInterface
    interface Sender {
        void send(JsonLine message) throws IOException;
    }

    CommandInput(Sender sender) {
        this.sender = sender;
    }

    /** Types bytes; waits while the command takes none. */
    void type(byte[] bytes, int offset, int length) throws IOException {
        send(new JsonLine().text(
                "data", Base64.getEncoder().encodeToString(Arrays.copyOfRange(bytes, offset, offset + length))));
    }

    /** The terminal has this size. */
    void resize(int columns, int rows) throws IOException {
        send(new JsonLine().number("columns", columns).number("rows", rows));
    }

    /** Nothing more is typed; what comes is still wanted. */
    void end() throws IOException {
        send(new JsonLine().number("end", 1));
    }

    /** Nothing more is wanted: the command ends. */
    synchronized void leave() throws IOException {
        send(new JsonLine().number("leave", 1));
        left = true;
    }

    private synchronized void send(JsonLine message) throws IOException {
        if (!left) {
            sender.send(message);
        }
    }
}

package io.busbar.tools.shell.control;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client: reads requests, answers each before it reads the next. A client that leaves while its command runs does
 * not stop the command, unless that looks for it; what it prints then goes nowhere. A command that throws, whatever it is, fails alone.
 */
final class Connection implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final LineChannel channel;
    private final Session.Factory sessions;

    Connection(LineChannel channel, Session.Factory sessions) {
        this.channel = channel;
        this.sessions = sessions;
    }

    @Override
    public void run() {
        try (channel; Session session = sessions.open()) {
            serve(session);
        } catch (IOException | ClosedSelectorException e) {
            LOG.debug("control connection ended", e);
        } catch (RuntimeException | Error e) {
            LOG.error("a control connection failed", e);
        }
    }

    private void serve(Session session) throws IOException {
        try {
            String line = channel.readLine();
            while (line != null) {
                answer(session, line);
                line = channel.readLine();
            }
        } catch (LineChannel.TooLong e) {
            error(e.getMessage());
        }
    }

    /** Tells a client that it gets no answer; it may be gone. */
    void refuse(String sentence) {
        try (channel) {
            error(sentence);
        } catch (IOException e) {
            LOG.debug("control connection ended", e);
        }
    }

    private void answer(Session session, String line) throws IOException {
        Request request;
        try {
            request = Request.parse(line);
        } catch (Request.Malformed e) {
            error(e.getMessage());
            return;
        }
        Printer printer = new Printer();
        try {
            answer(session, request, printer);
        } catch (ClosedSelectorException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            LOG.error("a request failed: {}", request, e);
            send("err", "failed, the log says where: " + e + "\n");
            exit(Command.FAILED);
        } finally {
            printer.answered();
        }
    }

    private void answer(Session session, Request request, Printer printer) throws IOException {
        switch (request) {
            case Request.Run(var args, var cwd, var talker) -> {
                Optional<ClientDialogue> dialogue = dialogue(talker);
                end(dialogue, session.run(new Invocation(args, printer, cwd, dialogue.map(Dialogue.class::cast))));
            }
            case Request.Line(var text, var cwd, var columns, var talker) -> {
                Optional<ClientDialogue> dialogue = dialogue(talker);
                end(dialogue, session.line(text, cwd, columns, printer, dialogue.map(Dialogue.class::cast)));
            }
            case Request.Complete(var text) -> candidates(session, text);
        }
    }

    private Optional<ClientDialogue> dialogue(Optional<Request.Talker> talker) {
        return talker.map(client -> new ClientDialogue(channel, client));
    }

    /** Nothing that a client typed is taken for its next request. */
    private void end(Optional<ClientDialogue> dialogue, int status) throws IOException {
        dialogue.ifPresent(ClientDialogue::end);
        exit(status);
    }

    private void error(String sentence) throws IOException {
        send("err", sentence + "\n");
        exit(Command.USAGE);
    }

    private void candidates(Session session, String text) throws IOException {
        JsonArray words = new JsonArray();
        session.complete(text).forEach(words::add);
        JsonObject answer = new JsonObject();
        answer.add("candidates", words);
        answer.addProperty("exit", 0);
        channel.writeLine(answer.toString());
    }

    private void exit(int status) throws IOException {
        JsonObject answer = new JsonObject();
        answer.addProperty("exit", status);
        channel.writeLine(answer.toString());
    }

    private void send(String stream, String text) throws IOException {
        JsonObject answer = new JsonObject();
        answer.addProperty(stream, text);
        channel.writeLine(answer.toString());
    }

    /** Sends what a command prints. */
    private final class Printer implements Output {
        private final Queue<Runnable> last = new ConcurrentLinkedQueue<>();
        private volatile boolean gone;

        @Override
        public void whenAnswered(Runnable what) {
            last.add(what);
        }

        void answered() {
            for (Runnable next = last.poll(); next != null; next = last.poll()) {
                next.run();
            }
        }

        @Override
        public void out(String text) {
            print("out", text);
        }

        @Override
        public void err(String text) {
            print("err", text);
        }

        @Override
        public boolean isGone() {
            return gone;
        }

        private void print(String stream, String text) {
            if (gone || text.isEmpty()) {
                return;
            }
            try {
                send(stream, text);
            } catch (IOException | ClosedSelectorException e) {
                gone = true;
                LOG.debug("nobody reads what the command prints", e);
            }
        }
    }
}

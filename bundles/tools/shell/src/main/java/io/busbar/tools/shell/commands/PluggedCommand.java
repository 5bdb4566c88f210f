package io.busbar.tools.shell.commands;

import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Invocation;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that a bundle has brought. */
public final class PluggedCommand implements Command {

    private static final Logger LOG = LoggerFactory.getLogger(PluggedCommand.class);

    private final ShellCommand command;

    /**
     * Makes it one of ours.
     *
     * @param command the bundle's
     */
    public PluggedCommand(ShellCommand command) {
        this.command = command;
    }

    @Override
    public String name() {
        return command.name();
    }

    @Override
    public String summary() {
        return command.summary();
    }

    @Override
    public String help() {
        return command.help();
    }

    @Override
    public int run(Invocation call) {
        if (call.args().contains("--help") || call.args().contains("-h")) {
            call.output().out(command.help());
            return OK;
        }
        return command.run(new Call(call));
    }

    /** What it proposes; nothing if it fails to: the line can be typed all the same. */
    @Override
    public List<String> complete(List<String> before) {
        try {
            return List.copyOf(command.complete(before));
        } catch (RuntimeException | LinkageError broken) {
            LOG.warn("{} does not complete {}", command.name(), before, broken);
            return List.of();
        }
    }

    private record Call(Invocation invocation) implements CommandCall {

        @Override
        public List<String> words() {
            return invocation.args();
        }

        @Override
        public Path directory() {
            return invocation.cwd();
        }

        @Override
        public void out(String text) {
            invocation.output().out(text);
        }

        @Override
        public void err(String text) {
            invocation.output().err(text);
        }

        @Override
        public void whenAnswered(Runnable last) {
            invocation.output().whenAnswered(last);
        }
    }
}

package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Invocation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What our own commands have in common: options, the subcommand, and how a wrong word is told. */
abstract class OwnCommand implements Command {

    private final String name;
    private final String summary;
    private final String usage;
    private final List<String> subcommands;

    /**
     * @param subcommands the second words; empty if there is none
     */
    OwnCommand(String name, String summary, String usage, List<String> subcommands) {
        this.name = name;
        this.summary = summary;
        this.usage = usage;
        this.subcommands = subcommands;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String summary() {
        return summary;
    }

    @Override
    public final String help() {
        return usage;
    }

    @Override
    public final int run(Invocation call) {
        if (call.args().contains("--help") || call.args().contains("-h")) {
            call.output().out(usage);
            return OK;
        }
        try {
            Arguments arguments = Arguments.parse(call.args(), options());
            if (subcommands.isEmpty()) {
                call.output().out(run("", arguments, arguments.words(), call));
            } else {
                String subcommand = subcommand(arguments.words());
                List<String> words = arguments.words().subList(1, arguments.words().size());
                call.output().out(run(subcommand, arguments, words, call));
            }
            return OK;
        } catch (Wrong e) {
            call.output().err(name + ": " + e.getMessage() + "\n");
            return e.status();
        }
    }

    private String subcommand(List<String> words) throws Wrong {
        String expected = "expected one of: " + String.join(", ", subcommands);
        if (words.isEmpty()) {
            throw new Wrong("a word is missing; " + expected);
        }
        if (!subcommands.contains(words.getFirst())) {
            throw new Wrong("\"" + words.getFirst() + "\" is unknown; " + expected);
        }
        return words.getFirst();
    }

    @Override
    public final List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(Arguments.OPTIONS);
        if (subcommands.isEmpty()) {
            next.addAll(completeWords(words));
        } else if (words.isEmpty()) {
            next.addAll(subcommands);
        } else {
            next.addAll(completeWords(words.subList(1, words.size())));
        }
        return next;
    }

    /**
     * Does it.
     *
     * @param subcommand one of the subcommands, or empty
     * @param arguments  options
     * @param words      the words after the subcommand
     * @return what is printed: whole lines, or nothing
     */
    abstract String run(String subcommand, Arguments arguments, List<String> words) throws Wrong;

    /**
     * As the other one, for a command that takes names of files.
     *
     * @param cwd the caller's working directory
     */
    String run(String subcommand, Arguments arguments, List<String> words, Path cwd) throws Wrong {
        return run(subcommand, arguments, words);
    }

    /**
     * As the other ones, for a command that tells how far it has come.
     *
     * @param call who calls, and where that is told
     */
    String run(String subcommand, Arguments arguments, List<String> words, Invocation call) throws Wrong {
        return run(subcommand, arguments, words, call.cwd());
    }

    /** Returns options beside those of every command; they come among the words. */
    List<String> options() {
        return List.of();
    }

    /** Proposes words after the subcommand. */
    List<String> completeWords(List<String> words) {
        return List.of();
    }

    /** Refuses words that are left over. */
    static void end(List<String> words) throws Wrong {
        if (!words.isEmpty()) {
            throw new Wrong("\"" + words.getFirst() + "\" is one word too many");
        }
    }
}

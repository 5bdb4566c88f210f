package io.busbar.tools.cardos;

import java.util.List;

/** Commands for the system as a whole. */
final class SystemCommands {

    private SystemCommands() {}

    static List<Shell.Entry> of(Machine machine) {
        return List.of(
                new Shell.Entry("uname", "says what runs here", (words, output) -> {
                    words.end();
                    output.accept(machine.uname());
                }),
                new Shell.Entry("devices", "lists the devices", (words, output) -> {
                    words.end();
                    machine.parts().forEach(part -> output.accept(part.name() + ": " + part.description()));
                }),
                new Shell.Entry("check", "runs the self-check", (words, _) -> {
                    words.end();
                    machine.check();
                }),
                new Shell.Entry("dmesg", "shows what the system has said", (words, output) -> {
                    words.end();
                    machine.messages().last().forEach(output);
                }),
                new Shell.Entry("echo [ WORD... ]", "says the words", (words, output) -> output.accept(words.rest())),
                new Shell.Entry("reset DEVICE", "lets a device go and takes it again", (words, output) -> {
                    String device = words.next();
                    words.end();
                    machine.reset(device);
                    output.accept(device + " was reset");
                }),
                new Shell.Entry("reboot", "lets all devices go and begins anew", (words, _) -> {
                    words.end();
                    machine.reboot();
                }));
    }
}

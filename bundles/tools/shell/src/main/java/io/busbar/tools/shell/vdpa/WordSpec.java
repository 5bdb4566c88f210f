package io.busbar.tools.shell.vdpa;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A word that takes a value when a device is added.
 *
 * @param name  the word
 * @param value what follows it: {@code FILE}, {@code SIZE}, {@code on|off}
 */
record WordSpec(String name, String value) {

    private static final Logger LOG = LoggerFactory.getLogger(WordSpec.class);
    private static final String FILE = "FILE";

    /** The words of a management device. */
    static List<WordSpec> of(VdpaManagementDevice device) {
        return attributes(device).stream().map(WordSpec::of).toList();
    }

    /** What a management device says of its words; nothing if it fails to: commands that others answer go on. */
    static List<AttributeInfo> attributes(VdpaManagementDevice device) {
        try {
            return List.copyOf(device.attributes());
        } catch (RuntimeException | LinkageError broken) {
            LOG.warn("{} does not tell its words", device.name(), broken);
            return List.of();
        }
    }

    /** The words of a backend, from the form in which it states them: {@code path FILE [size SIZE]}. */
    static List<WordSpec> of(BackendFactory backend) {
        String[] tokens = backend.settings().replaceAll("[\\[\\]]", " ").strip().split("\\s+");
        List<WordSpec> specs = new ArrayList<>();
        for (int i = 0; i + 1 < tokens.length; i += 2) {
            specs.add(new WordSpec(tokens[i], tokens[i + 1]));
        }
        return List.copyOf(specs);
    }

    private static WordSpec of(AttributeInfo info) {
        return new WordSpec(info.name(), info.value());
    }

    /** Whether the value is a file's name. */
    boolean isFile() {
        return value.equals(FILE);
    }

    /** The values, if they are a few. */
    List<String> choices() {
        return value.contains("|") ? Arrays.asList(value.split("\\|")) : List.of();
    }
}

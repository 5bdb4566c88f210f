package io.busbar.tools.shell.osgi;

import io.busbar.tools.shell.control.ControlServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the control socket where the configuration says. */
@Component(service = {}, immediate = true, configurationPid = ControlService.PID)
@Designate(ocd = ControlService.Config.class)
public final class ControlService {

    /** The configuration's PID. */
    public static final String PID = "io.busbar.tools.shell";

    private static final Logger LOG = LoggerFactory.getLogger(ControlService.class);

    /** Settings. */
    @ObjectClassDefinition(name = "Busbar shell", description = "Commands from outside")
    public @interface Config {

        /** Where the control socket is. */
        @AttributeDefinition(
                name = "Control socket",
                description = "Path of the Unix socket that takes commands, at most 107 bytes; its directory exists. "
                        + "Empty (the default): commands cannot be given from outside.")
        String controlSocket() default "";
    }

    private final Optional<ControlServer> server;

    /**
     * Opens the socket.
     *
     * @param commands  what can be asked for
     * @param functions the same for lines: nobody is answered before they are there
     * @param processor runs lines
     * @param config    where
     */
    @Activate
    public ControlService(
            @Reference ShellCommands commands,
            @Reference GogoFunctions functions,
            @Reference CommandProcessor processor,
            Config config) {
        this.server = config.controlSocket().isEmpty()
                ? Optional.empty()
                : open(Path.of(config.controlSocket()), commands, processor);
    }

    private static Optional<ControlServer> open(Path path, ShellCommands commands, CommandProcessor processor) {
        try {
            return Optional.of(ControlServer.open(path, () -> new GogoSession(commands.table(), processor)));
        } catch (IOException e) {
            LOG.error("no commands from outside: control socket {}: {}", path, e.getMessage());
            return Optional.empty();
        }
    }

    @Deactivate
    void close() throws IOException {
        if (server.isPresent()) {
            server.get().close();
        }
    }
}

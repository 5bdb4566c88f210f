package io.busbar.tools.shell.osgi;

import io.busbar.api.command.ShellCommand;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Function;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Registers each command with Gogo, in scope {@value ShellCommands#SCOPE}: our own, and those of bundles as they come and go. */
@Component(service = GogoFunctions.class)
public final class GogoFunctions {

    private final BundleContext context;
    private final ShellCommands commands;
    private final List<ServiceRegistration<Function>> own;
    private final Map<ShellCommand, ServiceRegistration<Function>> plugged = new ConcurrentHashMap<>();

    /**
     * Registers our own commands.
     *
     * @param context  of the shell's bundle
     * @param commands the commands
     */
    @Activate
    public GogoFunctions(BundleContext context, @Reference ShellCommands commands) {
        this.context = context;
        this.commands = commands;
        this.own = commands.ownNames().stream().map(this::register).toList();
    }

    private ServiceRegistration<Function> register(String name) {
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put(CommandProcessor.COMMAND_SCOPE, ShellCommands.SCOPE);
        properties.put(CommandProcessor.COMMAND_FUNCTION, name);
        return context.registerService(Function.class, commands.function(name), properties);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCommand(ShellCommand command) {
        String name = command.name();
        if (!commands.ownNames().contains(name)) {
            plugged.put(command, register(name));
        }
    }

    void removeCommand(ShellCommand command) {
        ServiceRegistration<Function> registration = plugged.remove(command);
        if (registration != null) {
            registration.unregister();
        }
    }

    /** Commands of bundles may be taken away here and there at the same time: who has the registration ends it. */
    @Deactivate
    void unregister() {
        own.forEach(ServiceRegistration::unregister);
        plugged.keySet().forEach(this::removeCommand);
    }
}

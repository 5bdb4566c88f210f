package io.busbar.tools.plug;

import io.busbar.api.command.CommandCall;
import io.busbar.tools.plug.Sources.Source;
import java.util.List;
import java.util.Set;

/** {@code update}: a bundle takes the place of another one. */
final class UpdateCommand extends PlugCommand {

    private final Plugs plugs;
    private final Sources sources;

    UpdateCommand(Plugs plugs, Sources sources) {
        super("update", "replaces a bundle while devices use it", """
                Usage: update [ --volatile ] [ --timeout MILLISECONDS ] [ --force ] [ --hold ] { PATH | GROUP:ARTIFACT:VERSION }
                       the bundle is started beside the one of its name, whatever the version of either; devices that use
                       that one are swapped to it, and then the old one goes. If it does not start, or a device
                       refuses, all is as it was before
                       --volatile: not at the next start, when the old one is back if it is the distribution's
                       --timeout: how long a device's requests in flight may take to end, 1 to 600000, 1000 if not given
                       --force: requests that do not end by then are taken away from the old backend, and done by the new one
                       --hold: devices whose backend cannot be open twice, such as one that listens at a socket, hold requests while the
                       old one is closed and the new one is opened
                """, Set.of(VOLATILE, TIMEOUT, FORCE, HOLD));
        this.plugs = plugs;
        this.sources = sources;
    }

    @Override
    String run(Words words, CommandCall call) throws PlugException {
        if (words.words().size() != 1) {
            throw new PlugException("one bundle was expected: update PATH, or update GROUP:ARTIFACT:VERSION");
        }
        List<Source> found = sources.find(words.words().getFirst(), call.directory());
        if (found.size() != 1) {
            throw new PlugException("one bundle was expected, and " + words.words().getFirst() + " lists " + found.size());
        }
        Moves moves = new Moves(words.timeout(), words.options().contains(FORCE), words.options().contains(HOLD));
        return lines(plugs.update(found.getFirst(), stay(words), moves));
    }
}

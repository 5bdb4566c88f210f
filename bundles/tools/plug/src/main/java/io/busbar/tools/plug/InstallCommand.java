package io.busbar.tools.plug;

import io.busbar.api.command.CommandCall;
import io.busbar.tools.plug.Sources.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** {@code install}: bundles come. */
final class InstallCommand extends PlugCommand {

    private final Plugs plugs;
    private final Sources sources;

    InstallCommand(Plugs plugs, Sources sources) {
        super("install", "brings bundles", """
                Usage: install [ --volatile ] { PATH | GROUP:ARTIFACT:VERSION | FEATURE.json }...
                       installs and starts bundles, all or none, and again at each start: a bundle's file, one that is
                       found by its coordinates in the distribution or the local Maven repository, or all bundles of an
                       OSGi feature. The file is copied
                       --volatile: not again at the next start
                """, Set.of(VOLATILE));
        this.plugs = plugs;
        this.sources = sources;
    }

    @Override
    String run(Words words, CommandCall call) throws PlugException {
        if (words.words().isEmpty()) {
            throw new PlugException("a bundle is missing: install PATH, or install GROUP:ARTIFACT:VERSION");
        }
        List<Source> found = new ArrayList<>();
        for (String word : words.words()) {
            found.addAll(sources.find(word, call.directory()));
        }
        return lines(plugs.install(found, stay(words)));
    }
}

package io.busbar.drivers.x100.card;

import io.busbar.drivers.x100.link.PciLink;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Gives each card that is in a slot its system. */
@Component(service = {}, immediate = true)
public final class X100Cards {

    private final BundleContext context;

    /**
     * Made by Declarative Services.
     *
     * @param context registers the cards' ends
     */
    @Activate
    public X100Cards(BundleContext context) {
        this.context = context;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindLink(PciLink link) {
        link.install(new X100Card(link, context));
    }

    void unbindLink(PciLink link) {
        link.install(null);
    }
}

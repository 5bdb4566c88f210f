package io.busbar.api.vop;

/** Which end of the link a {@link VopDevice} is. */
public enum VopRole {
    /** Publishes devices in its device page; devices are here. */
    HOST,
    /** Finds devices in the host's page; drivers are here. */
    CARD
}
